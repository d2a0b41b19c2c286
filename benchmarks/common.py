"""What the benchmark scripts share: cores, interleaved medians, hardware, result files."""

import datetime
import importlib.metadata
import json
import os
import platform
import statistics
import time
from pathlib import Path

import cv2
import torch

RESULTS = Path(__file__).parent / "results"
CORES = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()


def use_cores(count):
    """How many threads torch and OpenCV may use inside one call; SciPy's FFT always uses one."""
    torch.set_num_threads(count)
    cv2.setNumThreads(count)


def interleaved(tasks, *, seconds=1.0, least=5, most=200):
    """{name: median seconds per call} of {name: function}: one turn each, round after round.

    Interleaved, so that other load on the machine affects all of them alike. Calls too short to be
    timed alone are repeated within a turn.
    """
    repeats = {}
    for name, task in tasks.items():
        task()  # warm up: compile, plan, fill caches
        once = min(_timed(task, 1) for _ in range(2))
        repeats[name] = max(1, round(0.002 / max(once, 1e-7)))
    times = {name: [] for name in tasks}
    start = time.perf_counter()
    for turn in range(most):
        if turn >= least and time.perf_counter() - start > seconds * len(tasks):
            break
        for name, task in tasks.items():
            times[name].append(_timed(task, repeats[name]))
    return {name: statistics.median(each) for name, each in times.items()}


def _timed(task, repeats):
    start = time.perf_counter()
    for _ in range(repeats):
        task()
    return (time.perf_counter() - start) / repeats


def hardware(*packages):
    """CPU, cores, memory, system, versions and date: part of every result file."""
    facts = {"cpu": platform.machine(), "cores": CORES, "system": platform.system()}
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
        facts["cpu"] = next(line.split(":")[1].strip() for line in lines if "model name" in line)
        memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
        facts["memory_gb"] = round(memory / 2**30)
    except (OSError, StopIteration):
        pass
    facts["python"] = platform.python_version()
    names = ("blurkit", "numpy", "numba", *packages)
    facts["versions"] = {name: importlib.metadata.version(name) for name in names}
    facts["date"] = datetime.date.today().isoformat()
    return facts


def save(name, results):
    """Write benchmarks/results/NAME.json."""
    path = RESULTS / f"{name}.json"
    path.write_text(json.dumps(results, indent=2) + "\n", encoding="utf-8")
    print(f"\n-> {path.relative_to(Path.cwd()) if path.is_relative_to(Path.cwd()) else path}")


def rounded(value, digits=4):
    """The figures of a result, rounded to this many significant digits."""
    if isinstance(value, dict):
        return {key: rounded(each, digits) for key, each in value.items()}
    return float(f"{value:.{digits}g}") if isinstance(value, float) else value
