"""Search for a deblurring network: `python -m nas.search data.h5`.

Weights and alphas are trained in turn on disjoint parts of the pairs; after each epoch the
operation of the largest alpha in every slot makes a genotype, whose one-hot network is judged on
a third part; the best of these genotypes is the result.
"""

import dataclasses
import json
import logging
from pathlib import Path
from typing import Any

import click
import torch

from blurkit.errors import exit_codes
from blurkit.progress import bar

from . import show
from .checkpoint import write_text
from .data import Data, open_data
from .device import hardware, pick
from .genotype import CELLS, Genotype
from .options import DATASET, for_device, options
from .run import Run, minutes, talk
from .searcher import Searcher, SearchSettings

log = logging.getLogger("nas")


def _plan(searcher: Searcher, done: int) -> str:
    s = searcher.settings
    weight, alpha = searcher.seconds_per_step()
    alpha_epochs = s.epochs - max(s.warmup, done)
    seconds = s.steps * ((s.epochs - done) * weight + alpha_epochs * alpha)
    return (
        f"plan: 9 cells x 3 slots x 8 operations at width {s.width}; {s.epochs} epochs x {s.steps} "
        f"steps of {s.batch} crops {searcher.crop}x{searcher.crop}, alphas from epoch "
        f"{s.warmup + 1} ({s.sampler}, order {s.order}); on {searcher.device}; "
        f"about {minutes(seconds)}"
    )


def search(
    data: Data,
    out: str | Path = "search",
    settings: SearchSettings | None = None,
    *,
    device: str = "auto",
    overwrite: bool = False,
    progress: bool = True,
) -> Genotype:
    """Search on the pairs of a dataset; the same call goes on after an interruption.

    Parameters
    ----------
    data : path of a dataset file, a pattern such as "blur-*.h5", several of them, or a PairSet
    out : folder for genotype.json, search.png (curves), alphas.png, cells.png, log.jsonl,
        tensorboard/, settings.json
    settings : SearchSettings, the defaults for the device if None
    device : "auto", "cpu", "cuda" or "cuda:N"
    overwrite : start again whatever `out` holds
    progress : show a progress bar

    Returns
    -------
    genotype : Genotype

    Raises
    ------
    SettingError
        a setting breaks its rule
    FileError
        the data cannot be read, the folder cannot be written or holds a run with other settings,
        or a loss is not finite
    """
    where, folder, pairs = pick(device), Path(out), open_data(data)
    settings = settings or for_device(SearchSettings, where, {})
    searcher = Searcher(pairs, settings, where)  # refuses bad settings before the folder
    facts = {**dataclasses.asdict(settings), "data": pairs.identity}
    run = Run(folder, facts, "genotype.json", overwrite)
    if run.finished:
        log.info("%s is complete; --overwrite searches again", folder)
        return Genotype.load(run.product)
    best: dict[str, Any] = run.resume(searcher.net, searcher.optimisers).get("best", {})
    log.info("%s", _plan(searcher, len(run.history)))
    done = len(run.history) * settings.steps
    with bar(searcher.total, "search", "step", initial=done, disable=not progress) as steps:
        for number in range(len(run.history), settings.epochs):
            scores = searcher.epoch(number, steps)
            genotype = searcher.net.genotype()
            scores.update(searcher.verdict(number, genotype))
            if number >= settings.warmup and scores["psnr_onehot"] > best.get("psnr", -1e9):
                best = {"psnr": scores["psnr_onehot"], "genotype": genotype.to_dict()}
                best["alphas"] = searcher.net.alphas.detach().cpu().tolist()
            steps.set_postfix_str(f"one-hot {scores['psnr_onehot']:.2f} dB")
            epoch = {"epoch": number + 1, "step": (number + 1) * settings.steps, **scores}
            run.save(searcher.net, searcher.optimisers, epoch, best=best)
    genotype = Genotype.from_dict(best["genotype"])
    show.plot_search(run.history, folder / "search.png")
    show.plot_alphas(torch.tensor(best["alphas"]).softmax(1).numpy(), folder / "alphas.png")
    show.plot_cells(genotype, folder / "cells.png")
    write_text(folder / "hardware.json", json.dumps(hardware(where), indent=2) + "\n")
    run.finish(genotype.to_json())
    return genotype


@click.command()
@click.argument("data", nargs=-1, required=True, metavar="DATA...", type=DATASET)
@click.option("--out", default="search", show_default=True, type=click.Path(path_type=Path))
@click.option("--device", default="auto", show_default=True, help="auto, cpu, cuda or cuda:N")
@click.option("--overwrite", is_flag=True, help="Start again whatever --out holds.")
@options(SearchSettings)
def main(data: tuple[str, ...], out: Path, device: str, overwrite: bool, **given: Any) -> None:
    """Search for a deblurring network on the pairs of DATA, files made by `blurkit synth`.

    Writes OUT/genotype.json, curves and the drawing of the cells. Stop it at any time: the same
    command goes on after the last finished epoch.
    """
    with exit_codes(), talk():
        settings = for_device(SearchSettings, pick(device), given)
        genotype = search(data, out, settings, device=device, overwrite=overwrite)
        for cell in CELLS:
            click.echo(f"  {cell:7s} {' -> '.join(genotype.cells[cell])}")
        click.echo(f"genotype: {out / 'genotype.json'}   pictures: {out}/*.png")


if __name__ == "__main__":
    main(prog_name="python -m nas.search")
