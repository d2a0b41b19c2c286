"""The comparison's table: means and deviations over networks and trainings."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from statistics import fmean, stdev
from typing import Any

from nas.comparison.settings import RANDOM, CompareSettings
from nas.report.text import markdown_table, short_count

Records = Sequence[Mapping[str, Any]]
HEAD = (
    *("network", "n", "PSNR, dB", "over UNet", "over random", "in deviations"),
    *("SSIM", "SSIM 3-D", "parameters", "MACs", "latency, ms", "x UNet"),
    *("search, core-s", "search steps"),
)
FOOT = """\
n: networks x trainings of each. PSNR: mean over the runs +- standard deviation between the
networks' means (random genotypes, searches), or between the trainings where there is one network.
over UNet, over random: differences of mean PSNR in dB, to the UNet as published and to the mean of
the random genotypes; in deviations: the latter in standard deviations of the random genotypes.
SSIM: per channel, Gaussian window; SSIM 3-D: MATLAB's of the RGB volume. parameters, MACs and
latency (median of one 256x256 image, all networks timed in turn in one run): means over the
networks. search: what finding one network took, in core-seconds and in gradient steps: passes
forward and back, where one of all operations at once (softmax) counts 8 and an alpha step of the
second order 6. Forward passes alone (judging, perturbation, scoring draws and their children) are
in the core-seconds, not in the steps.
Nothing was chosen on the test pairs. The supernet's weights learn from 60 % of the training set,
its alphas from 35 %, on which perturbation measures too; genotypes are scored on the other 5 %. A
random search chooses on the last 3 %, which no training learns from. Every network is then trained
anew on the first 97 %, so also on pairs by which a search chose it, and takes its last state."""


@dataclass(frozen=True)
class Line:
    """One row of the comparison; None is not measured. PSNR in dB, times in ms and core-seconds.

    deviation : of the means of several networks, else of the trainings of the one.
    within : mean deviation between trainings of one network.
    """

    name: str
    networks: int
    trainings: int
    psnr: float
    deviation: float | None
    within: float | None
    ssim: float
    ssim_3d: float
    params: float | None = None
    macs: float | None = None
    latency: float | None = None
    search_seconds: float | None = None
    search_steps: float | None = None


def summarise(records: Records, latency: Mapping[str, float]) -> list[Line]:
    """One line for each row of the comparison that has a training, in the order of the records.

    Parameters
    ----------
    records : what `trial.json` holds, of all kinds
    latency : network to milliseconds
    """
    by_name = {record["name"]: record for record in records}
    rows: dict[str, dict[str, list[Mapping[str, Any]]]] = {}
    for record in records:
        if record["kind"] == "train":
            rows.setdefault(record["row"], {}).setdefault(record["network"], []).append(record)
    return [_line(row, networks, by_name, latency) for row, networks in rows.items()]


def _line(
    row: str,
    networks: Mapping[str, Records],
    by_name: Mapping[str, Mapping[str, Any]],
    latency: Mapping[str, float],
) -> Line:
    runs = [record for group in networks.values() for record in group]
    means = [fmean(r["psnr"] for r in group) for group in networks.values()]
    within = [stdev(r["psnr"] for r in group) for group in networks.values() if len(group) > 1]
    one_each = [group[0] for group in networks.values()]
    searches = [[by_name[need] for need in r["needs"] if need in by_name] for r in one_each]
    searches = [found for found in searches if found]
    times = [latency[name] for name in networks if name in latency]

    def spent(key: str) -> float | None:
        return fmean(sum(s.get(key, 0) for s in f) for f in searches) if searches else None

    return Line(
        name=row,
        networks=len(networks),
        trainings=max(len(group) for group in networks.values()),
        psnr=fmean(r["psnr"] for r in runs),
        deviation=stdev(means) if len(means) > 1 else (within[0] if within else None),
        within=fmean(within) if within else None,
        ssim=fmean(r["ssim"] for r in runs),
        ssim_3d=fmean(r["ssim_3d"] for r in runs),
        params=fmean(r["params"] for r in one_each),
        macs=fmean(r["macs"] for r in one_each),
        latency=fmean(times) if times else None,
        search_seconds=spent("core_seconds"),
        search_steps=spent("steps"),
    )


def untouched(records: Records) -> Line:
    """The line of the blurry input itself; a training is among the records."""
    trained = _first_training(records)
    return Line(
        *("blurry input", 1, 0, trained["psnr_input"], None, None),
        *(trained["ssim_input"], trained["ssim_3d_input"]),
    )


def _first_training(records: Records) -> Mapping[str, Any]:
    return next(record for record in records if record["kind"] == "train")


def table(lines: Sequence[Line]) -> str:
    """The lines as Markdown, aligned so that it reads well as plain text too."""
    return markdown_table(rows_of(lines))


def rows_of(lines: Sequence[Line]) -> list[Sequence[str]]:
    """Head and lines as texts, for a table of any form."""
    by_name = {line.name: line for line in lines}
    unet, random = by_name.get("unet"), by_name.get(RANDOM)
    rows: list[Sequence[str]] = [HEAD]
    for x in lines:
        n = f"{x.networks} x {x.trainings}" if x.networks > 1 else str(x.trainings)
        spread = "" if x.deviation is None else f" +- {x.deviation:.2f}"
        over_random = x.psnr - random.psnr if random and x is not random else None
        deviations = None
        if over_random is not None and random and random.networks > 1 and random.deviation:
            deviations = over_random / random.deviation
        slower = x.latency / unet.latency if x.latency and unet and unet.latency else None
        rows.append(
            (
                x.name,
                n if x.params is not None else "-",
                f"{x.psnr:.2f}{spread}",
                _text(x.psnr - unet.psnr if unet and x is not unet else None, "+.2f"),
                _text(over_random, "+.2f"),
                _text(deviations, "+.1f"),
                f"{x.ssim:.4f}",
                f"{x.ssim_3d:.4f}",
                short_count(x.params),
                short_count(x.macs),
                _text(x.latency, ".1f"),
                _text(slower, ".2f"),
                _text(x.search_seconds, ",.0f"),
                _text(x.search_steps, ",.0f"),
            )
        )
    return rows


def real_table(records: Records, real: Mapping[str, Mapping[str, Any]]) -> str:
    """The gains on real pairs as Markdown (see `real_rows`)."""
    return markdown_table(real_rows(records, real))


def real_rows(records: Records, real: Mapping[str, Mapping[str, Any]]) -> list[Sequence[str]]:
    """Gain over the blurry input, in dB, of each row of the comparison on each set of real pairs.

    real : what `nas.comparison.real_pairs.measure_real` writes. Rows with no training scored are
    left out.
    """
    groups: dict[str, dict[str, list[str]]] = {}
    for record in records:
        if record["kind"] == "train":
            networks = groups.setdefault(record["row"], {})
            networks.setdefault(record["network"], []).append(record["name"])
    heads = [f"{name} ({of['n']} pairs, {of['input']:.2f} dB)" for name, of in real.items()]
    rows: list[Sequence[str]] = [("gain, dB", *heads)]
    for row, networks in groups.items():
        cells = []
        for of in real.values():
            gains = [
                [of["psnr"][name] - of["input"] for name in names if name in of["psnr"]]
                for names in networks.values()
            ]
            cells.append(_gain([group for group in gains if group]))
        rows.append((row, *cells))
    return rows


def _gain(gains: list[list[float]]) -> str:
    if not gains:
        return "-"
    runs = [gain for group in gains for gain in group]
    spread = [fmean(group) for group in gains] if len(gains) > 1 else runs
    return f"{fmean(runs):+.2f}" + (f" +- {stdev(spread):.2f}" if len(spread) > 1 else "")


def document(
    lines: Sequence[Line],
    records: Records,
    tau: Mapping[str, Any],
    real: Mapping[str, Mapping[str, Any]],
    settings: CompareSettings,
    done: str,
    failed: Mapping[str, str] | None = None,
) -> str:
    """table.md: the budget, the table, and what its columns are.

    failed : name of each trial that failed to what it said.
    """
    trained = _first_training(records)
    about = (
        f"Width {settings.width}, {settings.steps} steps of {settings.batch} crops "
        f"{settings.crop}x{settings.crop} for every network; scored on {trained['n']} pairs; "
        f"{settings.cost} target {settings.target:g} x UNet; {done}."
    )
    spread = [
        f"{x.name}: deviation {x.deviation:.3f} dB between networks, "
        f"{x.within:.3f} dB between trainings of one."
        for x in lines
        if x.networks > 1 and x.deviation is not None and x.within is not None
    ]
    rank = "Kendall's tau between supernet and retrained PSNR of the random genotypes: "
    if tau.get("tau") is None:
        rank += "-"
    else:
        rank += f"{tau['tau']:.2f} (p = {tau['p']:.2g}, n = {tau['n']})"
    facts = "  \n".join([*spread, f"{rank}.", *stopped(records, failed or {})])
    parts = [
        about,
        table([untouched(records), *lines]),
        *([real_table(records, real)] if real else []),
    ]
    return "\n\n".join([*parts, facts, FOOT]) + "\n"


def stopped(records: Records, failed: Mapping[str, str]) -> list[str]:
    """A sentence for each trial that failed and for each search that collapsed."""
    said = [f"{name} failed: {what}; the table is without it." for name, what in failed.items()]
    for record in records:
        if early := record.get("search", {}).get("collapsed"):
            said.append(f"{record['name']} {early}; the best genotype before it is kept.")
    return said


def _text(value: float | None, style: str) -> str:
    return "-" if value is None or not math.isfinite(value) else format(value, style)
