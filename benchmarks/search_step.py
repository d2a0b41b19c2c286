"""Time and memory of a search step: python benchmarks/search_step.py [--device cuda]

A step is a weight step and an alpha step, as `nas.strategy.searcher` takes them. By default one
path is drawn (Gumbel), the operations of a slot share weights and the alphas' gradient is of first
order. DARTS mixes all operations, each with its own weights, by their softmax and takes the second
order by finite differences (darts.py, from the paper, and checked against
`nas.strategy.architect.second_order`). Space, data, batch, loss and weight optimiser are the same;
times are interleaved, and each memory peak is measured in its own process. The target: at most 0.4
of DARTS' time and memory. Then the cost of whole searches with the default settings.
"""

import argparse
import gc
import re
import subprocess
import sys
import tempfile
import time
from dataclasses import replace
from pathlib import Path

import torch
from common import CORES, hardware, interleaved, rounded, save, use_cores
from peers.darts import Darts, error_of_mixed

from blurkit import SynthSettings, synth
from blurkit.progress import bar
from nas.cost.counted import macs_table
from nas.cost.measured import latency_table
from nas.cost.table import CostTable
from nas.data import open_data
from nas.device import pick
from nas.options import for_device
from nas.space.paths import Choices
from nas.strategy.sampler import Sampler
from nas.strategy.searcher import Searcher, split_for_search
from nas.strategy.settings import SearchSettings

DARTS, OURS = "DARTS", "gumbel, first order"
STEPS = {  # settings, and how many steps make a turn: draws differ, and their mean is wanted
    DARTS: ({"sampler": "softmax", "order": 2, "sharing": "none"}, 1),
    OURS: ({"sampler": "gumbel", "order": 1}, 5),
    "gumbel, second order": ({"sampler": "gumbel", "order": 2}, 5),
    "softmax, first order": ({"sampler": "softmax", "order": 1}, 1),
    "softmax, second order": ({"sampler": "softmax", "order": 2}, 1),
}
PEAK_TURNS = 6  # the largest peak among them counts
TARGET = 0.4
H100 = 990e12  # FLOP/s in bf16, dense


class Turns:
    """Epochs of a few steps, with the rates and temperatures of the default search."""

    def __init__(self, name, data, table, device, alphas=True, **small):
        options, steps = STEPS[name]
        s = for_device(SearchSettings, device, {**options, "width": table.width, **small})
        epochs, warmup = (s.steps * n // steps for n in (s.epochs, s.warmup))
        short = replace(s, steps=steps, epochs=epochs, warmup=warmup)
        kind, data = Darts if name == DARTS else Searcher, split_for_search(data, short)
        self.searcher = kind(data, short, device, table)
        self.number = warmup if alphas else 0
        self.progress = bar(0, "", "step", disable=True)

    def __call__(self):
        self.searcher.epoch(self.number, self.progress)
        self.number += 1
        if self.searcher.device.type == "cuda":
            torch.cuda.synchronize()


def peak(name, data, table, device):
    """MiB that steps add to a fresh process: gradients, optimisers, activations."""
    Turns(name, data, table, device, width=1, batch=1, crop=16)()  # libraries loaded, threads there
    pairs = open_data(data)
    turns = Turns(name, pairs, table, device)
    for row in range(len(pairs)):  # mapped pages are resident too
        pairs.blurry.take([row]), pairs.sharp.take([row])
    gc.collect()
    cuda = device.type == "cuda"
    if cuda:
        torch.cuda.reset_peak_memory_stats()
        before = torch.cuda.memory_allocated()
    else:
        Path("/proc/self/clear_refs").write_text("5")  # the peak begins anew
        before = resident("VmRSS")
    for _ in range(PEAK_TURNS):
        turns()
    return ((torch.cuda.max_memory_allocated() if cuda else resident("VmHWM")) - before) / 2**20


def resident(field):
    return 1024 * int(re.search(rf"{field}:\s+(\d+)", Path("/proc/self/status").read_text())[1])


def steps_of(width, folder, device, rounds, threads):
    """Times, peaks and errors at one width."""
    use_cores(threads)
    table = latency_table(width, device=device)
    (folder / "costs.json").write_text(table.to_json())
    tasks = {name: Turns(name, folder / "pairs.h5", table, device) for name in STEPS}
    taken = interleaved(tasks, least=rounds, most=rounds)
    seconds = {name: taken[name] / STEPS[name][1] for name in STEPS}
    error = error_of_mixed(tasks[DARTS].searcher)
    peaks = {}
    for name in STEPS:
        options = ["--peak-of", name, "--folder", folder, "--device", device]
        command = [sys.executable, __file__, *map(str, options), "--threads", str(threads)]
        peaks[name] = float(subprocess.check_output(command, text=True))
    print(f"\nwidth {width}: {'ms a step':>24} {'of DARTS':>9} {'peak, MiB':>9} {'of DARTS':>9}")
    shares = [{n: of[n] / of[DARTS] for n in STEPS} for of in (seconds, peaks)]
    for n in STEPS:
        times = f"{1e3 * seconds[n]:9.1f} {shares[0][n]:9.3f}"
        print(f"{n:24} {times} {peaks[n]:9.1f} {shares[1][n]:9.3f}")
    met = all(share[OURS] <= TARGET for share in shares)
    print(f"at most {TARGET} of DARTS' time and memory by default: {'met' if met else 'MISSED'}")
    print(f"relative error of DARTS' mixed term: {error:.2%}")
    columns = {"seconds a step": seconds, "time of DARTS'": shares[0]}
    columns |= {"peak MiB": peaks, "memory of DARTS'": shares[1]}
    return {**columns, "target met": met, "relative error of DARTS' mixed term": error}


def default_search(folder, device, rounds):
    """Minutes of a complete search with the defaults, estimated from its parts."""
    use_cores(CORES)
    s = for_device(SearchSettings, device, {})
    start = time.perf_counter()
    table = latency_table(s.width, s.widths, device, cache=False)
    spent = {"table of costs": time.perf_counter() - start}
    kinds = {"weights": False, "weights and alphas": True}
    tasks = {k: Turns(OURS, folder / "pairs.h5", table, device, a) for k, a in kinds.items()}
    each = interleaved(tasks, least=rounds, most=rounds)
    selection = tasks["weights"].searcher.selection
    tasks = {"judging": lambda: selection.epoch_scores(0, selection.argmax())}
    each |= interleaved(tasks, least=3, most=3)
    steps = {"weights": s.warmup, "weights and alphas": s.epochs - s.warmup}
    spent |= {k: n * s.steps * each[k] / STEPS[OURS][1] for k, n in steps.items()}
    spent["judging"] = s.epochs * each["judging"]
    start = time.perf_counter()
    for choose in (selection.perturbed, selection.evolved):  # both, as "best" does
        choose()
    spent["choosing"] = time.perf_counter() - start
    minutes = {k: t / 60 for k, t in spent.items()} | {"all": sum(spent.values()) / 60}
    print(f"\nthe default search on {device}, {CORES} cores, minutes:", rounded(minutes, 3))
    return {"cores": CORES, "minutes": minutes}


def gpu_hour():
    """The compute of a search with the defaults for CUDA; the budget is one hour of an H100."""
    s = for_device(SearchSettings, torch.device("cuda"), {})
    table = macs_table(s.width, s.widths, s.crop)
    logits = Choices(*map(torch.from_numpy, table.max_entropy_logits(s.target * table.unet)))
    paths = [Sampler(s).path(logits, step, 0).weigh(logits) for step in range(200)]
    macs = sum(table.expected(*path).item() for path in paths) / len(paths)
    weight_steps, alpha_steps = s.epochs * s.steps, (s.epochs - s.warmup) * s.steps
    total = 3 * macs * s.batch * (weight_steps + alpha_steps)
    mixed = table.fixed + table.operations.sum() + table.fusions.sum()
    darts_macs = 3 * mixed * s.batch * 5 * weight_steps  # 5 passes a step, no warm-up
    share = 2 * total / (H100 * 3600)
    step_ms = 3.6e6 / (weight_steps + alpha_steps)
    print(
        f"\nthe default search on CUDA (width {s.width}, {s.batch} crops {s.crop}x{s.crop}): "
        f"{weight_steps:,} weight and {alpha_steps:,} alpha steps, {macs / 1e9:.2f} GMACs a crop "
        f"on the mean path (UNet {table.unet / 1e9:.2f}, all operations {mixed / 1e9:.2f});\n"
        f"{total:.3g} MACs in all, {share:.2%} of an H100-hour's {H100 * 3600:.3g} FLOP, "
        f"or {step_ms:.0f} ms for each step; DARTS' steps: {darts_macs:.3g} MACs"
    )
    row = {"MACs a crop": macs, "MACs": total, "MACs with DARTS' steps": darts_macs}
    return {**row, "share of an H100-hour in bf16": share, "ms a step within an hour": step_ms}


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--widths", type=int, nargs="+", default=[8, 16])
    parser.add_argument("--rounds", type=int, default=9)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--device", default="auto")
    parser.add_argument("--peak-of", choices=STEPS, help=argparse.SUPPRESS)
    parser.add_argument("--folder", type=Path, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    device = pick(arguments.device)
    if arguments.peak_of:
        use_cores(arguments.threads)
        table = CostTable.load(arguments.folder / "costs.json")
        print(peak(arguments.peak_of, arguments.folder / "pairs.h5", table, device))
        return
    results = {"hardware": {**hardware("torch"), "device": str(device)}}
    if device.type == "cuda":
        results["hardware"]["gpu"] = torch.cuda.get_device_name(device)
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        synth(folder / "pairs.h5", SynthSettings(n=2600), progress=False)
        results["threads"] = arguments.threads
        for width in arguments.widths:
            row = steps_of(width, folder, device, arguments.rounds, arguments.threads)
            results[f"width {width}"] = row
        results["default search"] = default_search(folder, device, arguments.rounds)
    results["CUDA defaults"] = gpu_hour()
    save("search_step", {k: rounded(v) for k, v in results.items()})


if __name__ == "__main__":
    main()
