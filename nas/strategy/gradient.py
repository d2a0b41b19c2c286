"""The search by gradient: a supernet's weights and alphas trained in turn, an epoch at a time.

After each epoch, the largest alphas within the cost target give a genotype, which is scored on the
selection pairs. At the end, the best of these competes with genotypes found by perturbation and by
evolution.
"""

import json
import logging
import time
from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np
import torch

from blurkit.errors import FileError
from blurkit.files import write_whole
from blurkit.progress import bar
from blurkit.store import PairSet
from nas.checkpoint import load_supernet, save_supernet
from nas.console import duration
from nas.cost.measured import trusted
from nas.cost.table import CostTable
from nas.device import hardware
from nas.evaluation.metrics import psnr
from nas.evaluation.pairs import data_name
from nas.report.cells_png import plot_cells
from nas.report.slider import sample
from nas.space.genotype import OPERATION_NAMES, Genotype
from nas.space.paths import softmax
from nas.strategy.budget import check_target, cost_table, measure_cost
from nas.strategy.page import search_page
from nas.strategy.plots import plot_alphas, plot_choices, plot_search
from nas.strategy.searcher import SearchData, Searcher
from nas.strategy.settings import SearchSettings
from nas.training.run import Run

log = logging.getLogger("nas")

SHOWN = 4  # selection pairs on the page
PICTURES = ("search.png", "choices.png", "alphas.png", "cells.png")


def _plan(searcher: Searcher, done: int, measuring: float) -> str:
    """The plan with a time estimate; `measuring`: seconds spent on the cost table."""
    s = searcher.settings
    weight, alpha = searcher.seconds_per_step()
    scoring, choosing = searcher.selection.seconds()
    left, alpha_epochs = s.epochs - done, s.epochs - max(s.warmup, done)
    training = s.steps * (left * weight + alpha_epochs * alpha)
    seconds = training + left * scoring + choosing
    target, costs, crop = "", searcher.costs, searcher.weight_batches.crop
    if s.target:
        target = f"; at most {s.target:g} of UNet's {costs.unet:.4g} {costs.unit}"
        target += "" if trusted(costs) else ", by an unreliable cost table"
    return (
        f"plan: 9 cells x 3 slots x {len(OPERATION_NAMES)} operations and 4 x 3 fusions "
        f"at width {s.width}{target}; "
        f"{s.epochs} epochs x {s.steps} steps of {s.batch} crops {crop}x{crop}, "
        f"alphas from epoch {s.warmup + 1} ({s.sampler}, order {s.order}), {s.discretise}; "
        f"on {searcher.device}; about {duration(seconds)}, of which scoring the epochs "
        f"{duration(left * scoring)} and choosing {duration(choosing)}"
        + (f"; measuring the costs took {duration(measuring)}" if measuring >= 1 else "")
    )


def _collapsed(genotype: Genotype, number: int, limit: int) -> str:
    """A message if one operation fills more than `limit` of the slots, else ""."""
    name, count = Counter(genotype.flat()).most_common(1)[0]
    if count <= limit:
        return ""
    return (
        f"collapsed in epoch {number + 1}: {name} fills {count} of {len(genotype.flat())} slots, "
        f"more than --collapse {limit}"
    )


def _choose(
    searcher: Searcher, best: dict[str, Any], collapsed: str, folder: Path, progress: bool
) -> tuple[Genotype, dict[str, float]]:
    """The final genotype, and the one-hot PSNR of each candidate."""
    selection, how = searcher.selection, searcher.settings.discretise
    if collapsed and not best:
        raise FileError(
            f"{folder}: {collapsed}, before any epoch gave a genotype; a longer --warmup, "
            "--beta-decay or a lower --alpha-lr may help"
        )
    if collapsed:
        log.warning("%s; the best genotype before it is kept", collapsed)
        how = "argmax"
    candidates: dict[str, Genotype] = {}
    if how in ("perturb", "best"):
        candidates["perturb"] = selection.perturbed(progress)
    if how == "sample":
        candidates["sample"] = selection.sampled(progress)
    if how in ("evolve", "best"):
        candidates["evolve"] = selection.evolved(progress)
    scores = {name: selection.score(genotype) for name, genotype in candidates.items()}
    if how in ("argmax", "best") and best:  # scored in its epoch
        candidates = {"argmax": Genotype.from_dict(best["genotype"]), **candidates}
        scores = {"argmax": best["psnr"], **scores}
    return candidates[max(scores, key=lambda name: scores[name])], scores


def search_by_gradient(
    run: Run,
    pairs: PairSet,
    parts: SearchData,
    s: SearchSettings,
    where: torch.device,
    progress: bool,
) -> Genotype:
    """Fill the folder of a search, or complete it.

    Arguments and errors are those of `nas.search.search`.
    """
    folder, ranks = run.folder, run.ranks
    if run.finished:
        log.info("%s is complete; --overwrite searches again", folder)
        genotype = Genotype.load(run.product)
        if ranks.first and not (folder / "report.html").exists():
            searcher = Searcher(parts, s, where, CostTable.free(s.width, s.widths))
            load_supernet(folder / "supernet.safetensors", searcher.net)
            _write_page(folder, searcher, data_name(pairs), genotype)
        return genotype
    begun = time.perf_counter()
    if ranks.first:
        cost_table(folder, s, where, progress)
    ranks.barrier()
    measuring = time.perf_counter() - begun
    costs = cost_table(folder, s, where, progress=False)
    check_target(s, costs)
    searcher = Searcher(parts, s, where, costs)
    record = run.resume(searcher.net, searcher.optimisers)
    best: dict[str, Any] = record.get("best", {})
    choices: list[list[list[float]]] = record.get("choices", [])
    collapsed, seconds = record.get("collapsed", ""), record.get("seconds", 0.0)
    log.info("%s", _plan(searcher, len(run.history), measuring))
    done, begun = len(run.history) * s.steps, time.perf_counter()
    with bar(searcher.total, "search", "step", initial=done, disable=not progress) as steps:
        for number in range(len(run.history), s.epochs):
            if collapsed:
                break
            epoch: dict[str, Any] = {"epoch": number + 1, "step": (number + 1) * s.steps}
            epoch |= searcher.epoch(number, steps)
            run.check(epoch)  # before the genotype: alphas must be finite
            genotype = searcher.selection.argmax()
            scores = searcher.selection.epoch_scores(epoch["step"] - 1, genotype)
            if number >= s.warmup:
                collapsed = _collapsed(genotype, number, s.collapse)
                if not collapsed and scores["psnr_onehot"] > best.get("psnr", -1e9):
                    best = {"psnr": scores["psnr_onehot"], "genotype": genotype.to_dict()}
            p = softmax(searcher.net.logits.map(torch.detach))
            choices.append([[round(v, 4) for v in row.tolist()] for row in p.rows()])
            steps.set_postfix_str(f"one-hot {scores['psnr_onehot']:.2f} dB")
            spent = seconds + time.perf_counter() - begun
            kept = {"best": best, "choices": choices, "collapsed": collapsed, "seconds": spent}
            run.save(searcher.net, searcher.optimisers, epoch | scores, **kept)
            if ranks.first:
                write_whole(folder / "report.html", search_page(folder, data_name(pairs)))
    trained = seconds + time.perf_counter() - begun
    genotype, candidates = _choose(searcher, best, collapsed, folder, progress)
    chosen = seconds + time.perf_counter() - begun - trained
    if ranks.first:
        result = {
            "strategy": "gradient",
            "psnr_onehot": max(candidates.values()),
            "candidates": candidates,
            "psnr_input": run.history[-1]["psnr_input"],
            "collapsed": collapsed or None,
            "steps": {
                "weights": len(run.history) * s.steps,
                "alphas": max(0, len(run.history) - s.warmup) * s.steps,
            },
            "seconds": {"training": round(trained, 1), "choosing": round(chosen, 1)},
            "cost": measure_cost(genotype, s, costs, where) if s.target else None,
            "hardware": {**hardware(where), "processes": ranks.count},
        }
        write_whole(folder / "result.json", json.dumps(result, indent=2) + "\n")
        write_whole(folder / "choices.json", json.dumps(choices) + "\n")
        save_supernet(folder / "supernet.safetensors", searcher.net)
        _draw(folder, run.history, choices, genotype)
        _write_page(folder, searcher, data_name(pairs), genotype)
    run.finish(genotype.to_json())
    return genotype


def _draw(
    folder: Path,
    history: list[dict[str, Any]],
    choices: list[list[list[float]]],
    genotype: Genotype,
) -> None:
    curves, chances, alphas, cells = (folder / name for name in PICTURES)
    plot_search(history, curves)
    plot_choices(choices, chances)
    plot_alphas(np.array(choices[-1][: len(genotype.flat())]), alphas)
    plot_cells(genotype, cells)


def _write_page(folder: Path, searcher: Searcher, data: str, genotype: Genotype) -> None:
    """Write the report.html of a finished search, whose supernet `searcher` holds."""
    samples = []
    for name, images in searcher.selection.samples(genotype, SHOWN):
        notes = [f"{psnr(image, images[-1]):.2f} dB" for image in images[:-1]]
        samples.append(sample(name, images, ("blurry input", "one-hot", "sharp"), (*notes, "")))
    write_whole(folder / "report.html", search_page(folder, data, genotype, samples))
