"""Search for a deblurring network: `python -m nas.search data.h5`.

`--strategy gradient` trains the weights and the architecture parameters (alphas) of a supernet in
turn (`nas.strategy.gradient`). `--strategy trainings` evolves genotypes by training each of them
briefly (`nas.strategy.trainings`).

`torchrun --nproc-per-node N -m nas.search ...` shares each batch of a search by gradient among N
processes.
"""

import dataclasses
import logging
import os
from pathlib import Path
from typing import Any

import click

from blurkit.errors import SettingError, exit_codes
from nas.console import show_log
from nas.data import Data, open_data
from nas.device import pick
from nas.options import DATASET, for_device, options
from nas.space.genotype import CELLS, Genotype
from nas.strategy.gradient import search_by_gradient
from nas.strategy.searcher import split_for_search
from nas.strategy.settings import SearchSettings
from nas.strategy.short_training import check_short_training, search_by_trainings
from nas.training.distributed import current_ranks, join_ranks, launch
from nas.training.run import Run

log = logging.getLogger("nas")

# files of a run besides its product, its state and tensorboard/
ALSO = (
    "costs.json",
    "log.jsonl",
    "trials.jsonl",
    "result.json",
    "choices.json",
    "supernet.safetensors",
    "report.html",
    "search.png",
    "choices.png",
    "alphas.png",
    "cells.png",
    "trainings.png",
)


@join_ranks()
def search(
    data: Data,
    out: str | Path = "search",
    settings: SearchSettings | None = None,
    *,
    device: str = "auto",
    processes: int | None = None,
    overwrite: bool = False,
    progress: bool = True,
) -> Genotype:
    """Search on the pairs of a dataset; call it again to resume an interrupted search.

    Parameters
    ----------
    data : path of a dataset file, a pattern such as "blur-*.h5", several of them, or a PairSet
    out : folder for genotype.json, result.json (scores, cost, seconds, hardware), costs.json (the
        cost table), cells.png, settings.json, and report.html, a summary that is updated during
        the search; with strategy gradient also log.jsonl, tensorboard/, search.png, alphas.png,
        choices.png, choices.json (the probabilities after each epoch) and supernet.safetensors;
        with trainings also trials.jsonl (a line for each training) and trainings.png
    settings : SearchSettings, the defaults for the device if None
    device : "auto", "cpu", "cuda" or "cuda:N"
    processes : short trainings at a time, one thread each on the CPU; by default one per CPU, or
        one on CUDA
    overwrite : discard the run in `out` and start over
    progress : show a progress bar

    Returns
    -------
    genotype : Genotype

    Raises
    ------
    SettingError
        a setting breaks its rule; no network of the space meets the target
    FileError
        the data cannot be read, the folder cannot be written or holds a run with other settings,
        a loss is not finite, or the search collapsed before it had a genotype
    """
    ranks = current_ranks()
    where, folder, pairs = pick(device), Path(out), open_data(data)
    progress = progress and ranks.first
    s = settings or for_device(SearchSettings, where, {})
    facts = {**dataclasses.asdict(s), "data": pairs.identity}
    if s.strategy == "trainings":
        if ranks.count > 1:
            raise SettingError("strategy trainings must not run under torchrun; use --processes")
        count = processes or (len(os.sched_getaffinity(0)) if where.type == "cpu" else 1)
        check_short_training(pairs, s, where)  # before the folder is touched
        with Run(folder, facts, "genotype.json", overwrite, ALSO, state="trials.jsonl") as run:
            return search_by_trainings(run, pairs, s, where, count, progress)
    parts = split_for_search(pairs, s)  # before the folder is touched
    with Run(folder, facts, "genotype.json", overwrite, ALSO, ranks) as run:
        return search_by_gradient(run, pairs, parts, s, where, progress)


@click.command()
@click.argument("data", nargs=-1, required=True, metavar="DATA...", type=DATASET)
@click.option(
    "--out",
    default="search",
    show_default=True,
    type=click.Path(path_type=Path),
    help="Folder to write to.",
)
@click.option("--device", default="auto", show_default=True, help="One of auto, cpu, cuda, cuda:N.")
@click.option(
    "--processes",
    type=click.IntRange(min=1),
    help="Short trainings at a time.  [default: one per CPU, or one on CUDA]",
)
@click.option("--overwrite", is_flag=True, help="Discard the run in --out and start over.")
@options(SearchSettings)
def main(
    data: tuple[str, ...],
    out: Path,
    device: str,
    processes: int | None,
    overwrite: bool,
    **given: Any,
) -> None:
    """Search for a deblurring network on the pairs of DATA, files made by `blurkit synth`.

    Writes OUT/genotype.json, curves, a drawing of the cells, and report.html, which has all of
    them. You can stop it at any time: rerun the command to resume after the last finished epoch or
    training.
    """
    with exit_codes(), show_log():
        if given["latency_target"] and given["macs_target"]:
            raise SettingError(
                "give only one of latency-target and macs-target, got "
                f"{given['latency_target']:g} and {given['macs_target']:g}"
            )
        settings = for_device(SearchSettings, pick(device), given)
        unused = sorted(name for name in settings.unused() if given[name] is not None)
        if unused:
            names = ", ".join(f"--{name.replace('_', '-')}" for name in unused)
            log.warning("not used by strategy %s: %s", settings.strategy, names)
        genotype = search(
            data, out, settings, device=device, processes=processes, overwrite=overwrite
        )
        for cell in CELLS:
            click.echo(f"  {cell:7s} {' -> '.join(genotype.cells[cell])}")
        click.echo(f"genotype: {out / 'genotype.json'}   report: {out / 'report.html'}")


if __name__ == "__main__":
    launch(main, "python -m nas.search")
