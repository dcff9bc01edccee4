"""What a training run was made with: versions and machine."""

from __future__ import annotations

import platform
from importlib.metadata import PackageNotFoundError, version

from planner.device import best_device, cpu_model, free_cores

PACKAGES = ("rog", "torch", "transformers", "trl", "peft", "numpy")


def environment() -> dict[str, str]:
    """Versions and machine."""
    found = {}
    for package in PACKAGES:
        try:
            found[package] = version(package)
        except PackageNotFoundError:
            continue
    device, dtype = best_device()
    return {
        **found,
        "python": platform.python_version(),
        "machine": f"{cpu_model() or platform.machine()}, {free_cores()} cores",
        "device": f"{device} {dtype}",
    }
