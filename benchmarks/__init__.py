"""Scripts that print every figure of the README and docs. Run as `python -m benchmarks.NAME`."""
