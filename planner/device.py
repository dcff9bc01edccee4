"""Where to compute and in what number format, found out once and remembered."""

from __future__ import annotations

import hashlib
import json
import os
import platform
import subprocess
import sys
from contextlib import AbstractContextManager, nullcontext, suppress
from functools import cache
from importlib.metadata import version
from pathlib import Path
from typing import Any

from platformdirs import user_cache_path

PROBE_SECONDS = 60
GAIN = 1.3  # times faster that bfloat16 must be to be worth its rounding

# Runs apart from us: where a virtual machine announces matrix instructions that it does not let run, the first
# product in bfloat16 ends the process ("Illegal instruction"), which no exception handler sees.
PROBE = """
import time, torch
torch.set_num_threads({threads})
def seconds(dtype):
    a, b = torch.randn(64, 576, dtype=dtype), torch.randn(576, 1536, dtype=dtype)
    best = 1e9
    for _ in range(5):
        began = time.perf_counter()
        for _ in range(20):
            a @ b
        best = min(best, time.perf_counter() - began)
    return best
print(seconds(torch.float32) / seconds(torch.bfloat16))
"""


def free_cores() -> int:
    """The processor cores that this process may use: all that it is let, or fewer by OMP_NUM_THREADS."""
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    wanted = os.environ.get("OMP_NUM_THREADS", "")
    return min(cores, int(wanted)) if wanted.isdigit() and int(wanted) else cores


@cache
def best_device() -> tuple[str, str]:
    """The device and number format to compute in: an accelerator in bfloat16, or the processor.

    On a processor bfloat16 only where it multiplies matrices of it in hardware (AMX) and that has been seen to
    work and to be faster; else float32.
    """
    import torch

    if torch.cuda.is_available():
        return "cuda", "bfloat16" if torch.cuda.is_bf16_supported() else "float32"
    if torch.backends.mps.is_available():
        return "mps", "float32"
    has_amx = getattr(torch.cpu, "_is_amx_tile_supported", lambda: False)
    return "cpu", "bfloat16" if has_amx() and bfloat16_gain() >= GAIN else "float32"


def one_device(args: Any) -> Any:
    """Training arguments for one accelerator a process: left to itself a trainer takes all that a process sees."""
    args._n_gpu = min(1, args.n_gpu)
    return args


def mixed() -> AbstractContextManager[Any]:
    """Mixed precision where the device computes in bfloat16."""
    import torch

    device, dtype = best_device()
    return torch.autocast(device, torch.bfloat16) if dtype == "bfloat16" else nullcontext()


def bfloat16_gain() -> float:
    """How many times faster products are in bfloat16 than in float32; 0 where they crash. Measured once a machine."""
    machine = f"{version('torch')} {platform.machine()} {platform.processor()} {cpu_model()} {free_cores()}"
    known = user_cache_path("rog") / f"bfloat16-{hashlib.sha256(machine.encode()).hexdigest()[:16]}.json"
    with suppress(OSError, ValueError):  # not there, or not written to its end
        return float(json.loads(known.read_text()))
    command = [sys.executable, "-c", PROBE.format(threads=free_cores())]
    try:
        probe = subprocess.run(command, capture_output=True, text=True, timeout=PROBE_SECONDS, check=False)
        gain = float(probe.stdout) if probe.returncode == 0 else 0.0
    except subprocess.TimeoutExpired:
        gain = 0.0
    with suppress(OSError):  # where nothing can be kept it is measured again
        known.parent.mkdir(parents=True, exist_ok=True)
        beside = known.with_suffix(f".{os.getpid()}")
        beside.write_text(json.dumps(gain))
        beside.replace(known)
    return gain


def cpu_model() -> str:
    """The processor's name, or ''."""
    info = Path("/proc/cpuinfo")
    lines = info.read_text().splitlines() if info.exists() else []
    return next((line.partition(":")[2].strip() for line in lines if line.startswith("model name")), "")
