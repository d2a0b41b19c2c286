"""README.md of the sweep, from its lines."""

import statistics
from collections.abc import Callable
from pathlib import Path

import results
from trial import Setting, Trial

HERE = Path(__file__).parent
NAMES = {
    "unet": "UNet as published (BatchNorm, no residual)",
    "unet-residual": "UNet with BatchNorm and residual",
    "unet-nobn": "UNet without BatchNorm, with residual",
}
DEFAULT = Setting()


def shown(s: Setting) -> str:
    """A setting in words."""
    words = [f"{s.optimiser} {s.lr:g}", f"beta2 {s.beta2:g}", f"warm-up {s.warmup:g}"]
    words += [f"start {s.start:g}", f"{s.batch}x{s.crop}"]
    if s.optimiser == "muon":
        words.append(f"ns {s.newton}")
        words += [s.scaling] if s.scaling != DEFAULT.scaling else []
        words += [f"{s.scope} matrices"] if s.scope != DEFAULT.scope else []
        words += [f"rest x {s.rest:g}"] if s.rest != DEFAULT.rest else []
    return ", ".join(words)


def table(trials: dict[Trial, dict], now: Setting) -> str:
    """One group's settings, best mean first."""
    by_setting: dict[Setting, dict[int, dict]] = {}
    for trial, result in trials.items():
        by_setting.setdefault(trial.setting, {})[trial.seed] = result
    rows = []
    for s, seeds in by_setting.items():
        mean = statistics.mean(r["psnr"] for r in seeds.values())
        each = ", ".join(f"{seeds[k]['psnr']:.2f}" for k in sorted(seeds))
        steps = statistics.mean(r["steps"] for r in seeds.values())
        ms = statistics.mean(r["ms_step"] for r in seeds.values())
        name = shown(s) + (" **(before)**" if s == now else "")
        relative = next(iter(seeds.values()))["relative"]
        rows.append((-mean, f"| {name} | {each} | {steps:.0f} | {relative:.2f} | {ms:.0f} |"))
    head = "| setting | PSNR, seed by seed | steps | time of a step | ms, as it was |"
    return "\n".join([head, "|---|---|---|---|---|", *(row for _, row in sorted(rows))])


def write(today: Callable[[str], Setting]) -> None:
    """README.md: what was concluded (reading.md), then every trial."""
    groups: dict[tuple[str, str, int, int], dict[Trial, dict]] = {}
    for trial, result in results.load().items():
        key = (trial.network, trial.task, trial.width, trial.length)
        groups.setdefault(key, {})[trial] = result
    pieces = [(HERE / "reading.md").read_text().strip(), "## How many were tried", counts(groups)]
    pieces.append(
        f"## Every trial\n\nOn {machines()}; one thread. 'Time of a step' is measured in turns, in "
        "units of AdamW's with 8x48."
    )
    for key in sorted(groups, key=lambda k: (k[3], k[2], k[1], k[0])):
        network, task, width, length = key
        lines = groups[key]
        first = next(iter(lines.values()))
        pieces.append(
            f"### {NAMES.get(network, network)}: {task}, width {width}, length {length}\n\n"
            f"Input {first['input']:.2f} dB."
        )
        pieces.append(table(lines, today(network)))
    (HERE / "README.md").write_text("\n\n".join(pieces) + "\n")


def counts(groups: dict[tuple[str, str, int, int], dict[Trial, dict]]) -> str:
    """Settings and trainings of each network, over all tasks, widths and lengths."""
    found: dict[str, list[Trial]] = {}
    seconds: dict[str, float] = {}
    for (network, *_), lines in groups.items():
        found.setdefault(network, []).extend(lines)
        spent = sum(result["cpu_s"] for result in lines.values())
        seconds[network] = seconds.get(network, 0.0) + spent
    rows = ["| network | settings | trainings | core-minutes |", "|---|---|---|---|"]
    for network, trials in sorted(found.items()):
        settings = len({trial.setting for trial in trials})
        minutes = seconds[network] / 60
        rows.append(f"| {network} | {settings} | {len(trials)} | {minutes:.1f} |")
    return "\n".join(rows)


def machines() -> str:
    """Hardware of the trials."""
    facts = {(r["cpu"], r["torch"], r["capability"]) for r in results.load().values()}
    return "; ".join(f"{cpu}, torch {torch}, {found}" for cpu, torch, found in sorted(facts))
