"""Compare networks under one recipe: `python -m nas.compare data.h5 --test test.h5 --out DIR`.

UNets, residual convolution cells, NAF-like cells, random genotypes at the target cost, the winner
of a random search with a search's compute, uniform alphas with perturbation, and the searched
network are trained on the same data for the same number of steps; several searches, and several
trainings of each network.
"""

import signal
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import click
import torch

from blurkit.errors import FileError, exit_codes
from blurkit.files import AnyPath
from nas.comparison.estimate import list_trials
from nas.comparison.process import locked
from nas.comparison.results import report, write_results
from nas.comparison.runner import Runner
from nas.comparison.settings import CompareSettings
from nas.comparison.setup import choose_slots, open_comparison, prepare_comparison
from nas.console import show_log
from nas.data import Data
from nas.options import DATASET, for_device, options


def compare(
    data: Data,
    test: Data,
    out: AnyPath = "compare",
    settings: CompareSettings | None = None,
    *,
    real: Sequence[AnyPath] = (),
    device: str = "auto",
    jobs: int | None = None,
    threads: int | None = None,
    wait: bool = True,
    progress: bool = True,
) -> list[str]:
    """Run every trial that is not done yet; repeat the call to resume an interrupted comparison.

    Several processes, also on several machines with a common file system, may make this call with
    the same `out` at the same time: they share the trials.

    Parameters
    ----------
    data : path of a dataset file, a pattern such as "blur-*.h5", or several of them
    test : the same, for the pairs on which the networks are scored; nothing is chosen by them
    out : folder for results.jsonl, table.md, report.html (a summary), pareto.png, tau.png,
        seeds.png, and trials/
    settings : CompareSettings, the defaults for the device if None
    real : folders that hold blur/ and sharp/, or input/ and target/ (see `nas.evaluation.pairs`),
        on which the trained networks are scored as well
    device : "auto" (all CUDA devices, else the CPU), "cpu", "cuda" or "cuda:N"
    jobs : trials at a time; by default one per CUDA device, or cores // threads
    threads : of each trial; by default 1 on the CPU, else cores // jobs
    wait : wait for trials that other processes hold when nothing else remains
    progress : show a progress bar

    Returns
    -------
    failed : names of the trials that failed

    Raises
    ------
    SettingError
        a setting breaks its rule, or no genotype has the target cost
    FileError
        the data cannot be read, or the folder holds a comparison with other settings
    """
    slots, threads = choose_slots(device, jobs, threads)
    where = torch.device(slots[0])
    settings = settings or for_device(CompareSettings, where, {})
    torch.set_num_threads(threads)
    comparison = open_comparison(data, test, out, settings, where)
    comparison.root.mkdir(parents=True, exist_ok=True)
    with locked(comparison.root / "lock"):
        prepare_comparison(comparison, where, progress)
    runner = Runner(
        comparison.root,
        comparison.trials,
        slots,
        comparison.begin,
        comparison.record,
        on_done=lambda: write_results(comparison),
        environment={"OMP_NUM_THREADS": str(threads)},
        wait=wait,
        progress=progress,
    )
    runner.run()
    if not runner.remaining:
        report(comparison, [Path(folder) for folder in real], where, progress)
    return sorted(runner.failed)


@click.command()
@click.argument("data", nargs=-1, required=True, metavar="DATA...", type=DATASET)
@click.option(
    "--test",
    required=True,
    multiple=True,
    type=DATASET,
    help="Pairs to score networks on: a file or a pattern; may be given several times.",
)
@click.option(
    "--real",
    multiple=True,
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    help="Folder of real pairs, blur/ and sharp/, to score on too; may be given several times.",
)
@click.option(
    "--out",
    default="compare",
    show_default=True,
    type=click.Path(path_type=Path),
    help="Folder to write to.",
)
@click.option(
    "--variant",
    "variants",
    multiple=True,
    metavar="NAME=OPTIONS",
    help='Another kind of search, such as softmax="--sampler softmax"; may be given several times.',
)
@click.option("--device", default="auto", show_default=True, help="One of auto, cpu, cuda, cuda:N.")
@click.option("--jobs", type=int, help="Trials at a time.  [default: cores / threads, or GPUs]")
@click.option(
    "--threads", type=int, help="Threads of each trial.  [default: 1; cores / jobs on CUDA]"
)
@click.option("--no-wait", is_flag=True, help="Exit if other processes hold the remaining trials.")
@click.option("--list", "only_list", is_flag=True, help="List the trials and exit.")
@click.option(
    "--report", "only_report", is_flag=True, help="Run no trials; report on the finished ones."
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
    """Compare networks that are trained on DATA under one recipe and scored on --test.

    Writes OUT/table.md, report.html, plots and results.jsonl. You can stop it at any time: rerun
    the command to resume. Run it several times at once, also on several machines, to share the
    work.
    """
    with exit_codes(), show_log():
        signal.signal(signal.SIGTERM, signal.default_int_handler)  # sent by batch systems
        slots, _ = choose_slots(device, jobs, threads)
        where = torch.device(slots[0])
        settings = for_device(CompareSettings, where, given)
        if only_list or only_report:
            comparison = open_comparison(data, test, out, settings, where)
            if only_list:
                click.echo(list_trials(comparison, len(slots), where, threads or 1))
                return
            torch.set_num_threads(threads or 1)
            write_results(comparison)
            report(comparison, real, where, progress=True)
        else:
            failed = compare(
                data,
                test,
                out,
                settings,
                real=real,
                device=device,
                jobs=jobs,
                threads=threads,
                wait=not no_wait,
            )
            if failed:
                names = ", ".join(failed)
                raise FileError(f"{len(failed)} trials failed: {names}; rerun to try them again")
        if (out / "table.md").exists():
            click.echo((out / "table.md").read_text(encoding="utf-8"))


if __name__ == "__main__":
    main(prog_name="python -m nas.compare")
