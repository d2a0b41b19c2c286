"""report.html of a search, written from the files in its folder; also of an unfinished search."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from nas.cost.table import CLOSE
from nas.files import read_json, read_log
from nas.report.html import Cells, Charts, Facts, Page, Slider, Table, render, versions
from nas.report.slider import Sample
from nas.report.text import short_count
from nas.space.genotype import Genotype
from nas.strategy.plots import probability_chart, search_charts

UNFINISHED = (
    "Not finished: {done} of {epochs} epochs{more}. "
    "Rerun the command to resume; it updates this page."
)
UNRELIABLE = (
    "The cost table is unreliable: it was measured on a busy machine, "
    "or its predictions are off by more than 10 %."
)
OVER_TARGET = "The network costs {cost:.2f} x UNet, more than the target of {target:g} x."


def search_page(
    folder: Path, data: str, genotype: Genotype | None = None, samples: Sequence[Sample] = ()
) -> str:
    """The page of a search, as HTML.

    Parameters
    ----------
    folder : of the search, with settings.json and log.jsonl; if the search is finished, also with
        result.json and choices.json
    data : name of the dataset
    genotype : the result; None while the search is not finished
    samples : held-out pairs, restored by the one-hot network

    Raises
    ------
    FileError
        "search/log.jsonl: not a log (...)" and the like, for missing and damaged files
    """
    settings = read_json(folder / "settings.json")
    history = read_log(folder / "log.jsonl")
    result = read_json(folder / "result.json") if genotype else {}
    choices = read_json(folder / "choices.json") if genotype else []
    width = settings.get("width")
    network = {"Searched network": (genotype, width)} if genotype else {}
    warnings = []
    if not genotype:
        done, epochs = len(history), settings.get("epochs")
        more = ", the genotype is not yet chosen" if done == epochs else ""
        warnings.append(UNFINISHED.format(done=done, epochs=epochs, more=more))
    if result.get("collapsed"):
        warnings.append(f"The search {result['collapsed']}; the best genotype before it is kept.")
    warnings += _about_cost(result.get("cost"), settings)
    shown = {name: value for name, value in settings.items() if name != "data"}
    hardware = result.get("hardware") or versions()
    note = (
        "Held-out pairs: neither weights nor alphas were trained on them. The one-hot network has "
    )
    note += "the supernet's shared weights; trained alone it does better."
    return render(
        Page(
            "Search for a deblurring network",
            _lead(settings, data),
            _figures(history, result, settings),
            [
                Cells("The network", network),
                Slider("Before and after, full resolution", samples, note),
                Charts("Curves", [*search_charts(history), probability_chart(choices)]),
                _candidates(result),
                Facts("Cost of the search", _cost(history, result)),
                Facts("Settings", shown, folded=True),
                Facts("Hardware and versions", hardware, folded=True),
            ],
            warnings,
        )
    )


def _about_cost(cost: Mapping[str, Any] | None, settings: Mapping[str, Any]) -> list[str]:
    """Warnings about the cost table and the measured cost of the network."""
    if not cost:
        return []
    target = settings.get("macs_target") or settings["latency_target"]
    warnings = [UNRELIABLE] if cost.get("trusted") is False else []
    if cost.get("of_unet", 0) > (1 + CLOSE) * target:
        warnings.append(OVER_TARGET.format(cost=cost["of_unet"], target=target))
    return warnings


def _lead(settings: Mapping[str, Any], data: str) -> str:
    s = settings
    kind = "MACs" if s.get("macs_target") else "latency"
    target = s.get("macs_target") or s.get("latency_target")
    cost = f"; at most {target:g} x UNet's {kind}" if target else ""
    return (
        f"Nine cells at width {s.get('width')} on {data}: "
        f"{s.get('epochs')} epochs of {s.get('steps')} steps, alphas trained from epoch "
        f"{s.get('warmup', 0) + 1} ({s.get('sampler')}, order {s.get('order')}){cost}."
    )


def _figures(
    history: Sequence[Mapping[str, Any]], result: Mapping[str, Any], settings: Mapping[str, Any]
) -> list[tuple[str, str]]:
    figures = [(f"{len(history)} of {settings.get('epochs')}", "epochs")]
    if history:
        scored = result or history[-1]
        gain = scored["psnr_onehot"] - scored["psnr_input"]
        figures.append((f"{scored['psnr_onehot']:.2f} dB", "PSNR of the one-hot network"))
        figures.append((f"{gain:+.2f} dB", "gain over the blurry input, held-out pairs"))
    if cost := result.get("cost"):
        figures.append((f"{cost['of_unet']:.2f} x", f"UNet's {cost['unit']}, measured"))
    if result:
        figures.append((f"{sum(result['seconds'].values()):,.0f} s", "training and choosing"))
    return figures


def _candidates(result: Mapping[str, Any]) -> Table:
    scores = result.get("candidates", {})
    rows = [(name, f"{psnr:.3f}") for name, psnr in scores.items()]
    best = max(scores, key=lambda name: scores[name]) if scores else None
    note = "Ways to derive a genotype from the alphas; the best on the selection pairs is kept."
    return Table(
        "Candidates",
        [("method", "one-hot PSNR, dB"), *rows],
        note,
        best=list(scores).index(best) + 1 if best else None,
    )


def _cost(history: Sequence[Mapping[str, Any]], result: Mapping[str, Any]) -> dict[str, Any]:
    if not result:
        return {"gradient steps so far": history[-1]["step"]} if history else {}
    hardware, seconds = result["hardware"], result["seconds"]
    cores = hardware["threads"] * hardware["processes"]
    facts = {
        "training, seconds": seconds["training"],
        "choosing, seconds": seconds["choosing"],
        "core-seconds (x threads x processes)": f"{sum(seconds.values()) * cores:,.0f}",
        "weight steps": f"{result['steps']['weights']:,}",
        "alpha steps": f"{result['steps']['alphas']:,}",
    }
    if cost := result["cost"]:
        unit = cost["unit"]
        shown = "{:.1f}".format if unit == "ms" else short_count
        facts |= {
            f"network, {unit}, predicted": shown(cost["predicted"]),
            f"network, {unit}, measured": shown(cost["measured"]),
            f"UNet, {unit}, measured": shown(cost["unet"]),
        }
    return facts
