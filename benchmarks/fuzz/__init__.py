"""Fuzzers and kill tests: seeded, bounded, each a script that exits with 1 if anything came out wrong."""
