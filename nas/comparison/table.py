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
    "network",
    "n",
    "PSNR, dB",
    "over UNet",
    "over random",
    "in deviations",
    "SSIM",
    "SSIM 3-D",
    "parameters",
    "MACs",
    "latency, ms",
    "x UNet",
    "search, core-s",
    "search steps",
)
FOOT = """\
n: networks x trainings of each. PSNR: mean over all trainings +- the standard deviation between the
means of the networks (random genotypes, searches) or, for a single network, between its trainings.
over UNet, over random: difference in mean PSNR, in dB, from the published UNet and from the mean of
the random genotypes; in deviations: the latter in standard deviations of the random genotypes.
SSIM: per channel, Gaussian window; SSIM 3-D: MATLAB's, of the RGB volume. parameters, MACs and
latency (median for one 256x256 image, all networks timed in turn in one run): means over the
networks. search: the cost of finding one network, in core-seconds and in gradient steps. A step
with all operations at once (softmax) counts as 8, a second-order alpha step as 6. Forward passes
alone (scoring epochs, perturbation, random draws and their children) count in the core-seconds but
not in the steps.
Nothing was chosen on the test pairs. The supernet's weights are trained on 60 % of the training
pairs and its alphas on 35 %, on which perturbation measures too; genotypes are scored on the other
5 %. A random search chooses on the last 3 %, on which no network is trained. Every network is then
trained from scratch on the first 97 %, which include pairs on which searches made their choice, and
is scored in its last state."""


@dataclass(frozen=True)
class Line:
    """One row of the table; None is not measured. PSNR in dB, times in ms and core-seconds.

    deviation : standard deviation of the networks' means or, for one network, of its trainings.
    within : standard deviation between trainings of one network, mean over the networks.
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
    """One line for each row of the table that has a training, in the order of the records.

    Parameters
    ----------
    records : contents of the `trial.json` files, of all kinds
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
    searches = [search for search in searches if search]
    times = [latency[name] for name in networks if name in latency]

    def spent(key: str) -> float | None:
        if not searches:
            return None
        return fmean(sum(trial.get(key, 0) for trial in search) for search in searches)

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
    """The line of the blurry input itself; `records` must include a training."""
    training = _first_training(records)
    return Line(
        name="blurry input",
        networks=1,
        trainings=0,
        psnr=training["psnr_input"],
        deviation=None,
        within=None,
        ssim=training["ssim_input"],
        ssim_3d=training["ssim_3d_input"],
    )


def _first_training(records: Records) -> Mapping[str, Any]:
    return next(record for record in records if record["kind"] == "train")


def table(lines: Sequence[Line]) -> str:
    """The lines as an aligned Markdown table."""
    return markdown_table(rows_of(lines))


def rows_of(lines: Sequence[Line]) -> list[Sequence[str]]:
    """Head and lines as text, for a table in any format."""
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
    """Gain over the blurry input, in dB, of each row of the table on each set of real pairs.

    real : contents of real.json, see `nas.comparison.real_pairs.measure_real`
    """
    groups: dict[str, dict[str, list[str]]] = {}
    for record in records:
        if record["kind"] == "train":
            networks = groups.setdefault(record["row"], {})
            networks.setdefault(record["network"], []).append(record["name"])
    heads = [f"{name} ({s['n']} pairs, {s['input']:.2f} dB)" for name, s in real.items()]
    rows: list[Sequence[str]] = [("gain, dB", *heads)]
    for row, networks in groups.items():
        cells = []
        for scores in real.values():
            psnr = scores["psnr"]
            gains = [
                [psnr[name] - scores["input"] for name in names if name in psnr]
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
    """table.md: the budget, the table, and the meaning of its columns.

    done : such as "30 of 40 trials"
    failed : name of each trial that failed, to its error
    """
    training = _first_training(records)
    about = (
        f"Width {settings.width}, {settings.steps} steps of {settings.batch} crops "
        f"{settings.crop}x{settings.crop} for every network; scored on {training['n']} pairs; "
        f"{settings.cost} target {settings.target:g} x UNet; {done}."
    )
    spread = [
        f"{x.name}: standard deviation {x.deviation:.3f} dB between networks, "
        f"{x.within:.3f} dB between trainings of one network."
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
    """A sentence for each trial that failed and each search that collapsed."""
    sentences = [f"{name} failed: {error}; not in the table." for name, error in failed.items()]
    for record in records:
        if early := record.get("search", {}).get("collapsed"):
            sentences.append(f"{record['name']} {early}; its best genotype before that is used.")
    return sentences


def _text(value: float | None, style: str) -> str:
    return "-" if value is None or not math.isfinite(value) else format(value, style)
