"""Which trials are run, most decisive first; each rung is drawn up from what the former gave.

Short trials are on Gaussian blur alone: on the mix and on lens blur four and three trials of that
length ended within 0.1 dB of each other, none more than 0.8 dB above the input.
"""

from collections.abc import Callable, Iterable
from dataclasses import replace

from results import best, ranking
from trial import UNETS, Setting, Trial

TODAY = Setting()
GENOTYPES = ("naf-half", "conv", "random-1", "random-2")
FAIR = ("unet-nobn", "unet-residual")
GAIN = 0.02  # dB by which a change must better a setting to be combined with others


def _starts(network: str) -> tuple[float, ...]:
    """Values of `start`: of the former recipe, the one to begin the sweep with, others to try."""
    if network not in UNETS:
        return (0.1, 1.0, 0.1)
    return {"unet": (1.0, 1.0), "unet-residual": (1.0, 0.0, 1.0)}.get(network, (0.0, 0.0, 1.0))


def today(network: str) -> Setting:
    return replace(TODAY, start=_starts(network)[0])


def rates(network: str) -> list[Setting]:
    """Learning rates of both optimisers, with warm-up, beside the former recipe's recipe."""
    now = today(network)
    warm = replace(now, warmup=0.05, beta2=0.99, start=_starts(network)[1])
    return [
        now,
        *(replace(warm, optimiser="muon", lr=lr) for lr in (1e-2, 5e-3, 2.5e-3, 2e-2)),
        *(replace(warm, lr=lr) for lr in (5e-3, 1e-2, 2.5e-3)),
    ]


def best_rate(network: str, optimiser: str = "") -> Setting:
    """The best of `rates`, on the first seed."""
    known = [s for s in rates(network) if s != today(network)]
    return best(network, optimiser, like=lambda s: s in known, seed=0)[0]


def chosen(network: str, optimiser: str) -> Setting:
    """The best rate of an optimiser, or what is better by more than `GAIN`."""
    scores = {s: psnrs[0] for s, psnrs in ranking(network, optimiser=optimiser)}
    rate, top = best_rate(network, optimiser), max(scores, key=lambda s: scores[s])
    return top if scores[top] > scores[rate] + GAIN else rate


def changes(network: str) -> list[Setting]:
    """One change at a time to the best rate of each optimiser."""
    muon, adamw = best_rate(network, "muon"), best_rate(network, "adamw")
    first = best_rate(network)
    crops = ((4, 64), (8, 64), (16, 32))
    changed = [replace(first, batch=batch, crop=crop) for batch, crop in crops]
    changed += [replace(first, start=start) for start in _starts(network)[2:]]
    changed += [replace(s, beta2=beta2) for beta2 in (0.9, 0.999) for s in (adamw, muon)]
    changed += [replace(muon, newton=5)]
    if network not in UNETS:
        changed += [replace(muon, scope="dense")]
    changed += [
        replace(first, warmup=0.0),
        replace(muon, scope="hidden"),
    ]
    return changed


def combined(network: str) -> list[Setting]:
    """All changes that bettered the best rate of an optimiser by more than `GAIN`, at once."""
    found = []
    scores = {s: psnrs[0] for s, psnrs in ranking(network)}
    for optimiser in ("muon", "adamw"):
        plain = [s for s in rates(network) if s.optimiser == optimiser and s in scores]
        base = max(plain, key=lambda s: scores[s])
        gains: dict[str, tuple[float, dict[str, object]]] = {}
        for s, psnr in scores.items():
            axes = {k: v for k, v in vars(s).items() if v != getattr(base, k)}
            kind = "crop" if axes.keys() <= {"batch", "crop"} else "/".join(sorted(axes))
            single = len(axes) == 1 or kind == "crop"
            if axes and single and "lr" not in axes and s.optimiser == optimiser:
                gain = psnr - scores[base]
                if gain > max(GAIN, gains.get(kind, (0.0,))[0]):
                    gains[kind] = (gain, axes)
        together = {k: v for _, axes in gains.values() for k, v in axes.items()}
        if len(gains) > 1:
            found.append(replace(base, **together))  # type: ignore[arg-type]
    return found


def trials(network: str, settings: Iterable[Setting], **of_trial: object) -> list[Trial]:
    return [Trial(network, s, **of_trial) for s in settings]  # type: ignore[arg-type]


def finalists(network: str) -> list[Setting]:
    """The best setting of each optimiser and, of genotypes, the former recipe's."""
    both = [chosen(network, "muon"), chosen(network, "adamw")]
    return both if network in UNETS else [*both, today(network)]


def finals(networks: Iterable[str], **of_trial: object) -> list[Trial]:
    """The finalists of these networks at another width, task or length."""
    return [t for n in networks for t in trials(n, finalists(n), **of_trial)]


def transferred() -> list[Trial]:
    """The finalists of naf-half on other genotypes."""
    return [t for n in GENOTYPES[1:] for t in trials(n, finalists("naf-half"))]


def of_unets(settings: Callable[[str], list[Setting]]) -> list[Trial]:
    return [trial for n in (*FAIR, "unet") for trial in trials(n, settings(n))]


RUNGS: dict[str, Callable[[], list[Trial]]] = {
    "naf-rates": lambda: trials("naf-half", rates("naf-half")),
    "naf-changes": lambda: trials("naf-half", changes("naf-half")),
    "naf-again": lambda: finals(["naf-half"], seed=1),
    "naf-long": lambda: finals(["naf-half"], task="mixed", length=10_000),
    "plain-rates": lambda: trials("unet-nobn", rates("unet-nobn")),
    "residual-rates": lambda: trials("unet-residual", rates("unet-residual")),
    "published-rates": lambda: trials("unet", rates("unet")),
    "transferred": transferred,
    "wide": lambda: finals(["naf-half", "unet-residual"], width=16),
    "wide-lower": lambda: [
        replace(t, setting=replace(t.setting, lr=2.5e-3))
        for t in finals(["naf-half"], width=16)[1::-1]
    ],
    "last-layer": lambda: [
        replace(t, setting=replace(t.setting, start=1.0)) for t in finals(FAIR[::-1])
    ],
    "long-lower": lambda: [
        replace(t, setting=replace(t.setting, lr=2.5e-3))
        for t in finals(["naf-half"], task="mixed", length=10_000)[1::-1]
    ],
    "naf-combined": lambda: trials("naf-half", combined("naf-half")),
    "unet-changes": lambda: of_unets(changes),
    "unet-combined": lambda: of_unets(combined),
    "unet-again": lambda: finals([*FAIR[::-1], "unet"], seed=1),
    "unet-long": lambda: finals(FAIR[::-1], task="mixed", length=10_000),
    "motion-long": lambda: finals(["naf-half"], task="motion", length=15_000),
    "wide-long": lambda: finals(["naf-half"], task="mixed", width=16, length=15_000),
}
