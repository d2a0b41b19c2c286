"""Page and picture of a search by short trainings."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from nas.files import read_json
from nas.report.charts import Chart, Series
from nas.report.html import Cells, Charts, Facts, Page, Table, render, versions
from nas.report.style import BLUE, GREY, ORANGE
from nas.space.genotype import Genotype
from nas.strategy.trainings import FINALISTS, Trial, read_trials

SHOWN = 10  # networks in the table
UNFINISHED = "Not finished: {done} of {total} trainings. Rerun the command to resume."
UNDECIDED = (
    "The search is inconclusive: trained again with another seed, its network is not more than one "
    "standard deviation above the mean of the random ones."
)


def trainings_chart(trials: Sequence[Trial], random_mean: float | None = None) -> Chart:
    """PSNR of every training in order, and the mean of the random genotypes."""
    kinds = {
        "random genotypes": [t for t in trials if t.task.generation == 0],
        "children": [t for t in trials if t.task.generation > 0],
        "second trainings": [t for t in trials if t.task.generation < 0],
    }
    series = [
        Series(
            name,
            [(t.task.number + 1, t.psnr) for t in some],
            "marks",
            colour,
            [_tip(t) for t in some],
        )
        for (name, some), colour in zip(kinds.items(), (GREY, BLUE, ORANGE), strict=True)
    ]
    if random_mean is not None:
        ends = (1.0, float(max(t.task.number for t in trials) + 1))
        series.append(
            Series("mean of random ones", [(x, random_mean) for x in ends], "dashed", GREY)
        )
    return Chart("Short trainings", "training", "PSNR on the selection pairs, dB", series)


def _tip(trial: Trial) -> str:
    task = trial.task
    origin = "" if task.parent is None else f", from {task.parent + 1}"
    score = "diverged" if trial.psnr is None else f"{trial.psnr:.2f} dB"
    return f"training {task.number + 1}{origin}: {score}"


def trainings_page(folder: Path, data: str, genotype: Genotype | None = None) -> str:
    """The page of a search by short trainings, as HTML.

    Parameters
    ----------
    folder : of the search, with settings.json and trials.jsonl; result.json if it is finished
    data : name of the dataset
    genotype : the result; None while the search is not finished
    """
    settings = read_json(folder / "settings.json")
    trials = list(read_trials(folder / "trials.jsonl").values())
    result = read_json(folder / "result.json") if genotype else {}
    warnings = []
    if not genotype:
        total = settings["trainings"] + FINALISTS
        warnings.append(UNFINISHED.format(done=len(trials), total=total))
    elif not result["decided"]:
        warnings.append(UNDECIDED)
    network = {"Searched network": (genotype, settings["width"])} if genotype else {}
    shown = {name: value for name, value in settings.items() if name != "data"}
    return render(
        Page(
            "Search for a deblurring network",
            f"Evolution by short trainings at width {settings['width']} on {data}: "
            f"{settings['randoms']} random genotypes, then children of the best, each trained from "
            f"scratch for {settings['train_steps']} steps.",
            _figures(trials, result),
            [
                Cells("The network", network),
                Charts("Trainings", [trainings_chart(trials, result.get("random_mean"))]),
                _best(trials),
                Facts("Settings", shown, folded=True),
                Facts("Hardware and versions", result.get("hardware") or versions(), folded=True),
            ],
            warnings,
        )
    )


def _figures(trials: Sequence[Trial], result: Mapping[str, Any]) -> list[tuple[str, str]]:
    figures = [(f"{len(trials)}", "trainings")]
    if result:
        gain = result["psnr_again"] - result["random_mean"]
        figures.append((f"{result['psnr']:.2f} dB", "PSNR of the network, mean of two trainings"))
        figures.append((f"{gain:+.2f} dB", "second training over the mean of random networks"))
        if cost := result["cost"]:
            figures.append((f"{cost['of_unet']:.2f} x", f"UNet's {cost['unit']}, measured"))
    figures.append((f"{sum(t.core_seconds for t in trials):,.0f} s", "of one core, training"))
    return figures


def _best(trials: Sequence[Trial]) -> Table:
    rows = [("training", "from", "PSNR, dB", "predicted cost")]
    for trial in sorted(trials, key=lambda trial: -trial.score)[:SHOWN]:
        task = trial.task
        parent = "random" if task.parent is None else str(task.parent + 1)
        score = "diverged" if trial.psnr is None else f"{trial.psnr:.3f}"
        rows.append((str(task.number + 1), parent, score, f"{trial.cost:.4g}"))
    return Table("Best trainings", rows, "Scored on pairs that no network was trained on.")
