"""Compare networks fairly: `python -m nas.compare data.h5 --test test.h5 --out DIR`.

One recipe, one split of the data and one budget of steps for: UNet as published, UNet with a
global residual, residual convolution cells, NAF-like cells, random genotypes at the cost that is
searched for, the winner of a random search with a search's compute, uniform alphas with
perturbation, and the searched network; several searches and several trainings of each.
"""

import json
import logging
import os
import signal
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import click
import torch

from blurkit.errors import FileError, SettingError, exit_codes
from blurkit.files import write_whole
from nas.comparison.folder import Bench
from nas.comparison.measurements import (
    measure_latency,
    measure_tau,
    read_latency,
    seconds_per_pixel,
)
from nas.comparison.page import compare_page
from nas.comparison.plan import CompareSettings, Trial, plan
from nas.comparison.plots import plot_pareto, plot_seeds, plot_tau
from nas.comparison.process import locked
from nas.comparison.real_pairs import measure_real, read_real, sample_pairs
from nas.comparison.runner import Crew
from nas.comparison.setup import settle
from nas.comparison.table import document, summarise
from nas.console import duration, show_log
from nas.data import Data, open_data
from nas.device import pick
from nas.files import read_json, read_log
from nas.options import DATASET, for_device, options
from nas.report.html import versions
from nas.report.slider import Sample

log = logging.getLogger("nas")

START = 6.0  # seconds that a subprocess needs before its first step, and for its scores


def compare(
    data: Data,
    test: Data,
    out: str | Path = "compare",
    settings: CompareSettings | None = None,
    *,
    real: Sequence[str | Path] = (),
    device: str = "auto",
    jobs: int | None = None,
    threads: int | None = None,
    wait: bool = True,
    progress: bool = True,
) -> list[str]:
    """Run every trial that is not done yet; the same call goes on after an interruption.

    Any number of processes, on any number of machines with one file system, may make this call
    with one `out` at the same time: each takes trials that nobody holds.

    Parameters
    ----------
    data : path of a dataset file, a pattern such as "blur-*.h5", or several of them
    test : the same, for the pairs that the networks are scored on; nothing is chosen by them
    out : folder for results.jsonl, table.md, report.html (all of it),
        pareto.png, tau.png, seeds.png, and trials/
    settings : CompareSettings, the defaults for the device if None
    real : folders that hold blur/ and sharp/, or input/ and target/ (see `nas.evaluation.pairs`):
        the networks are scored on them as well, once all are trained
    device : "auto" (all CUDA devices, else the CPU), "cpu", "cuda" or "cuda:N"
    jobs : trials at a time; one for each CUDA device, else cores // threads
    threads : of each trial; 1 on the CPU, else cores // jobs
    wait : wait for what other processes hold, when nothing else is left
    progress : show a progress bar

    Returns
    -------
    failed : names of the trials that failed

    Raises
    ------
    SettingError
        a setting breaks its rule, or no genotype has the cost asked for
    FileError
        the data cannot be read, or the folder holds a comparison with other settings
    """
    slots, threads = _slots(device, jobs, threads)
    where = torch.device(slots[0])
    settings = settings or for_device(CompareSettings, where, {})
    torch.set_num_threads(threads)
    bench, trials = _bench(data, test, out, settings, where)
    bench.root.mkdir(parents=True, exist_ok=True)
    with locked(bench.root / "lock"):
        settle(bench, trials, where, progress)
    crew = Crew(
        *(bench.root, trials, slots, bench.begin, bench.record),
        done=lambda: _write_results(bench, trials),
        environment={"OMP_NUM_THREADS": str(threads)},
        wait=wait,
        progress=progress,
    )
    crew.run()
    if not crew.left:
        _measure_all(bench, trials, real, where, progress)
    return sorted(crew.failed)


def _measure_all(
    bench: Bench,
    trials: list[Trial],
    real: Sequence[str | Path],
    device: torch.device,
    progress: bool,
) -> None:
    """What is measured of the trials that are done; then table, pictures and page."""
    with locked(bench.root / "lock"):
        measure_latency(bench, trials, device, progress)
        measure_tau(bench, trials, device)
        measure_real(bench, trials, [Path(folder) for folder in real], device, progress)
        _report(bench, trials)
        _write_page(bench, trials, sample_pairs(bench, trials, [Path(f) for f in real], device))


def _slots(device: str, jobs: int | None, threads: int | None) -> tuple[list[str], int]:
    """The device of each subprocess that may run at a time, and the threads of each."""
    for name, value in (("jobs", jobs), ("threads", threads)):
        if value is not None and value < 1:
            raise SettingError(f"{name} must be >= 1, got {value}")
    cores = len(os.sched_getaffinity(0))
    where = pick(device)
    if where.type == "cpu":
        threads = threads or 1
        return ["cpu"] * (jobs or max(1, cores // threads)), threads
    devices = [device]
    if device in ("auto", "cuda"):
        devices = [f"cuda:{i}" for i in range(torch.cuda.device_count())]
    jobs = jobs or len(devices)
    return [devices[i % len(devices)] for i in range(jobs)], threads or max(1, cores // jobs)


def _bench(
    data: Data, test: Data, out: str | Path, settings: CompareSettings, device: torch.device
) -> tuple[Bench, list[Trial]]:
    pairs, judged = open_data(data), open_data(test)
    if {os.path.realpath(p) for p in pairs.paths} & {os.path.realpath(p) for p in judged.paths}:
        raise SettingError("test must be other pairs than those trained on")
    paths, tests = (tuple(str(path) for path in each.paths) for each in (pairs, judged))
    trials = plan(settings, min(pairs.blurry.shape[1:3]), device)
    return Bench(Path(out), settings, paths, tests), trials


def _write_results(bench: Bench, trials: list[Trial]) -> None:
    with locked(bench.root / "lock"):
        lines = [json.dumps(record) + "\n" for record in bench.records(trials)]
        write_whole(bench.root / "results.jsonl", "".join(lines))


def _report(bench: Bench, trials: list[Trial]) -> None:
    """table.md and the pictures, of the trials that are done."""
    records = bench.records(trials)
    trainings = [record for record in records if record["kind"] == "train"]
    if not trainings:
        return
    latency = read_latency(bench)
    standing = bench.root / "tau.json"
    tau = read_json(standing) if standing.exists() else {}
    lines = summarise(records, latency)
    done = f"{len(records)} of {len(trials)} trials"
    failed = bench.failed(trials)
    text = document(lines, records, tau, read_real(bench), bench.settings, done, failed)
    write_whole(bench.root / "table.md", text)
    plot_pareto(trainings, latency, bench.root / "pareto.png")
    plot_seeds(trainings, bench.root / "seeds.png")
    if tau.get("points"):
        plot_tau(tau, bench.root / "tau.png")


def _write_page(bench: Bench, trials: list[Trial], samples: Sequence[Sample]) -> None:
    """report.html, of the trials that are done."""
    records = bench.records(trials)
    if not any(record["kind"] == "train" for record in records):
        return
    standing, timed = bench.root / "tau.json", bench.root / "latency.json"
    page = compare_page(
        records,
        latency=read_latency(bench),
        tau=read_json(standing) if standing.exists() else {},
        real=read_real(bench),
        logs={r["name"]: read_log(bench.folder(r["name"]) / "log.jsonl") for r in records},
        samples=samples,
        settings=bench.settings,
        planned=len(trials),
        failed=bench.failed(trials),
        hardware=read_json(timed)["hardware"] if timed.exists() else versions(),
    )
    write_whole(bench.root / "report.html", page)


def _list(bench: Bench, trials: list[Trial], slots: int, seconds: float) -> str:
    """Every trial with its state and how long it takes; `seconds` is for a pixel of a step."""
    lines, left = [], 0.0
    for trial in trials:
        done = (bench.folder(trial.name) / "trial.json").exists()
        left += 0 if done else trial.work * seconds + START
        state = "done" if done else f"about {duration(trial.work * seconds + START)}"
        lines.append(f"  {trial.name:24s} {trial.steps:7d} steps  {state}")
    about = f"{len(trials)} trials, {slots} at a time; what is left takes {duration(left / slots)}"
    return "\n".join([*lines, about])


@click.command()
@click.argument("data", nargs=-1, required=True, metavar="DATA...", type=DATASET)
@click.option(
    "--test",
    required=True,
    multiple=True,
    type=DATASET,
    help="Pairs that networks are scored on: a file or a pattern; may be given several times.",
)
@click.option(
    "--real",
    multiple=True,
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    help="Folder of real pairs, blur/ and sharp/, to score on too; may be given several times.",
)
@click.option("--out", default="compare", show_default=True, type=click.Path(path_type=Path))
@click.option(
    "--variant",
    "variants",
    multiple=True,
    metavar="NAME=OPTIONS",
    help='A further kind of search, as softmax="--sampler softmax"; may be given several times.',
)
@click.option("--device", default="auto", show_default=True, help="auto, cpu, cuda or cuda:N")
@click.option("--jobs", type=int, help="Trials at a time.  [default: cores / threads, or GPUs]")
@click.option("--threads", type=int, help="Of each trial.  [default: 1; cores / jobs on CUDA]")
@click.option("--no-wait", is_flag=True, help="Leave when other processes hold all that is left.")
@click.option("--list", "only_list", is_flag=True, help="Print the trials and run none.")
@click.option(
    "--report", "only_report", is_flag=True, help="Run no trial: measure and tabulate what is done."
)
@options(CompareSettings)
def main(
    data: tuple[str, ...],
    test: tuple[str, ...],
    real: tuple[Path, ...],
    out: Path,
    device: str,
    jobs: int | None,
    threads: int | None,
    no_wait: bool,
    only_list: bool,
    only_report: bool,
    **given: Any,
) -> None:
    """Compare networks under one recipe, trained on DATA and scored on --test.

    Writes OUT/table.md, report.html, pictures and results.jsonl. Stop it at any time: the same
    command goes on. Start it several times, on several machines too, to share the work.
    """
    with exit_codes(), show_log():
        signal.signal(signal.SIGTERM, signal.default_int_handler)  # as a batch system stops us
        slots, _ = _slots(device, jobs, threads)
        settings = for_device(CompareSettings, torch.device(slots[0]), given)
        bench, trials = _bench(data, test, out, settings, torch.device(slots[0]))
        if only_list:
            seconds = seconds_per_pixel(settings, torch.device(slots[0]), threads or 1)
            click.echo(_list(bench, trials, len(slots), seconds))
            return
        if only_report:
            _write_results(bench, trials)
            torch.set_num_threads(threads or 1)
            _measure_all(bench, trials, real, torch.device(slots[0]), progress=True)
        else:
            failed = compare(
                *(data, test, out, settings),
                real=real,
                device=device,
                jobs=jobs,
                threads=threads,
                wait=not no_wait,
            )
            if failed:
                raise FileError(
                    f"{len(failed)} trials failed: {', '.join(failed)}; the same "
                    "command tries them again"
                )
        if (out / "table.md").exists():
            click.echo((out / "table.md").read_text(encoding="utf-8"))


if __name__ == "__main__":
    main(prog_name="python -m nas.compare")
