"""What a comparison runs: its settings, and the plan of searches and trainings as plain values."""

import shlex
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Literal

import click
import torch

from blurkit.errors import SettingError
from nas.options import check, for_device, options, setting
from nas.space.network import BUILT_IN, WIDEST
from nas.strategy.settings import SearchSettings

BASELINES = ("unet", "unet-residual", "frame", "conv", "naf")
Spent = dict[str, float]  # seconds, core_seconds
OWN = ("seed", "width", "latency_target", "macs_target")  # of nas.search, set by the comparison
RANDOM, RANDOM_SEARCH = "random", "random-search"
SEARCHED, UNIFORM = "searched", "uniform"
TAKEN = (*BUILT_IN, RANDOM, RANDOM_SEARCH, SEARCHED, UNIFORM)


@dataclass(frozen=True)
class CompareSettings:
    """All that decides a comparison, beside the data.

    Raises SettingError "seeds must be >= 1, got 0" and the like.

    Attributes
    ----------
    variants : tuple of str
        Further kinds of search, each "NAME=OPTIONS of nas.search".
    """

    width: int = setting(8, "channels of the first level of all", cuda=32, least=1, most=WIDEST)
    target: float = setting(1.0, "cost that is searched for, in times UNet's", least=0.01)
    cost: Literal["latency", "macs"] = setting("latency", "what is meant by cost")
    band: float = setting(0.1, "how far below the target a random genotype may be", least=0, most=1)
    steps: int = setting(2000, "training steps of each network", cuda=100_000, least=1)
    batch: int = setting(8, "pairs in a training batch", cuda=32, least=1)
    crop: int = setting(64, "side of the training crops, in pixels", cuda=128, least=1)
    lr: float = setting(3e-3, "learning rate of the trainings", cuda=1e-3, least=1e-9)
    networks: str = setting(" ".join(BASELINES), "built-in networks to compare with")
    seeds: int = setting(3, "trainings of each network", least=1)
    kinds: str = setting(f"{SEARCHED} {UNIFORM}", "kinds of search, beside the variants")
    searches: int = setting(3, "searches of each kind; 0: none", least=0)
    randoms: int = setting(8, "random genotypes at the target's cost", least=0)
    random_seeds: int = setting(1, "trainings of each random genotype", least=1)
    random_searches: int = setting(1, "random searches; 0: none", least=0)
    candidates: int = setting(0, "genotypes in a random search; 0: a search's compute", least=0)
    brief: int = setting(250, "steps that a random search gives a candidate", cuda=5000, least=1)
    limit: int = setting(0, "score only this many test pairs; 0 is all", least=0)
    search: str = setting("", 'further options of every nas.search, as "--epochs 30 --warmup 15"')
    variants: tuple[str, ...] = field(default=())

    def __post_init__(self) -> None:
        check(self)
        object.__setattr__(self, "variants", tuple(self.variants))
        if self.random_searches and self.brief > self.steps:
            raise SettingError(f"brief must be <= steps ({self.steps}), got {self.brief}")
        for name in self.networks.split():
            if name not in BUILT_IN or self.networks.split().count(name) > 1:
                raise SettingError(
                    f"networks must be some of {', '.join(BUILT_IN)}, got {self.networks!r}"
                )
        if not set(self.kinds.split()) <= {SEARCHED, UNIFORM}:
            raise SettingError(f"kinds must be some of {SEARCHED}, {UNIFORM}, got {self.kinds!r}")
        names = [variant.partition("=")[0] for variant in self.variants]
        for name, variant in zip(names, self.variants, strict=True):
            if "=" not in variant or not name.replace("-", "").isalnum():
                raise SettingError(f'variant must be NAME="OPTIONS of nas.search", got {variant!r}')
            if name in TAKEN or names.count(name) > 1:
                raise SettingError(f"variant must have a name of its own, got {name!r}")


@dataclass(frozen=True)
class Trial:
    """One subprocess's work: a search, a brief training of a candidate, or a training in full.

    Parameters
    ----------
    name : str
        Of the trial and of its folder.
    row : str
        The line of the table that it counts for.
    kind : "search", "brief" or "train"
    network : str
        Which network is trained or found: equal in all trials of one genotype.
    arch : str
        A built-in name or a genotype file below the comparison's folder; "" is what `needs` found.
    seed : int
        Of the search or of the training.
    steps : int
        Gradient steps: a search's are those of the weights and those of the alphas.
    work : int
        Pixels in those steps, which time is about proportional to.
    needs : tuple of str
        Names of the trials that must be done before.
    options : tuple of str
        Of nas.search, beside those that every search has.
    """

    name: str
    row: str
    kind: Literal["search", "brief", "train"]
    network: str
    arch: str
    seed: int
    steps: int
    work: int
    needs: tuple[str, ...] = ()
    options: tuple[str, ...] = ()


def searched_for(settings: CompareSettings) -> tuple[str, ...]:
    """The options of nas.search that every kind of search has."""
    return tuple(_words(settings.search))


def search_options(settings: CompareSettings) -> dict[str, tuple[str, ...]]:
    """Of each kind of search the options of nas.search that are its own; later ones win."""
    every = searched_for(settings)
    uniform = ("--warmup", str(parse_search(every).epochs), "--discretise", "perturb")
    own = {SEARCHED: every, UNIFORM: every + uniform}
    found = {kind: words for kind, words in own.items() if kind in settings.kinds.split()}
    for variant in settings.variants:
        name, _, text = variant.partition("=")
        found[name] = every + tuple(_words(text))
    return found


def _words(text: str) -> list[str]:
    try:
        return shlex.split(text)
    except ValueError as error:
        raise SettingError(f"in search {text!r}: {error}") from error


def parse_search(given: Sequence[str], device: torch.device | str = "cpu") -> SearchSettings:
    """SearchSettings from words of a command line; SettingError "in search: No such option ..."."""
    try:
        values = _search.make_context("search", list(given)).params
        taken = [name.replace("_", "-") for name in OWN if values.get(name) is not None]
        if taken:
            raise SettingError(f"{taken[0]} is the comparison's own option")
        return for_device(SearchSettings, torch.device(device), values)
    except (click.UsageError, SettingError) as error:
        said = error.format_message() if isinstance(error, click.UsageError) else error
        raise SettingError(f"in search {shlex.join(given)!r}: {said}") from error


@click.command(add_help_option=False)
@options(SearchSettings)
def _search(**given: object) -> None:
    """The options alone."""


def gradient_steps(search: SearchSettings) -> int:
    """Passes forward and back of a search: a weight step is one, an alpha step is one.

    All operations at once (softmax) cost as much as eight passes, and a second-order alpha step
    as much as six (12 forward passes where the first order takes 2).
    """
    alpha = max(search.epochs - search.warmup, 0) * (1 if search.order == 1 else 6)
    return search.steps * (search.epochs + alpha) * (8 if search.sampler == "softmax" else 1)


def draws(settings: CompareSettings, candidates: int) -> dict[str, int]:
    """Name of each random genotype to the seed that draws it."""
    found = {f"{RANDOM}-{i}": i for i in range(settings.randoms)}
    for r in range(settings.random_searches):
        for k in range(candidates):
            found[f"{RANDOM_SEARCH}-s{r}-c{k:02d}"] = 10_000 * (r + 1) + k
    return found


def count_candidates(settings: CompareSettings, search: SearchSettings, side: int) -> int:
    """How many candidates a random search trains briefly with the compute of one search.

    Compute is counted in pixels that go through gradient steps: steps x batch x crop^2. Judging
    the candidates, on the same validation pairs as every training, is in neither count.
    """
    if settings.candidates:
        return settings.candidates
    of_search = gradient_steps(search) * search.batch * min(search.crop, side) ** 2
    of_candidate = settings.brief * settings.batch * min(settings.crop, side) ** 2
    return max(1, round(of_search / of_candidate))


def plan(settings: CompareSettings, side: int, device: torch.device | str = "cpu") -> list[Trial]:
    """The trials in the order in which they are begun: searches, then each network's first
    training, then the second ones, and so on.

    Parameters
    ----------
    settings : CompareSettings
    side : int
        Of the dataset's patches, in pixels: crops are no larger.
    device : where the trials will run
    """
    of_kind = search_options(settings)
    kinds = {name: parse_search(words, device) for name, words in of_kind.items()}
    candidates = count_candidates(settings, parse_search(searched_for(settings), device), side)
    pixels = settings.batch * min(settings.crop, side) ** 2
    searches: list[Trial] = []
    trainings: list[tuple[int, Trial]] = []

    def train(row: str, network: str, arch: str, seeds: int, needs: tuple[str, ...] = ()) -> None:
        for t in range(seeds):
            work = settings.steps * pixels
            trial = Trial(
                f"{network}-t{t}", row, "train", network, arch, t, settings.steps, work, needs
            )
            trainings.append((t, trial))

    for name in settings.networks.split():
        train(name, name, name, settings.seeds)
    for i in range(settings.randoms):
        network = f"{RANDOM}-{i}"
        train(RANDOM, network, f"genotypes/{network}.json", settings.random_seeds)
    for r in range(settings.random_searches):
        network, needs = f"{RANDOM_SEARCH}-s{r}", []
        for k in range(candidates):
            one = f"{network}-c{k:02d}"
            arch, work = f"genotypes/{one}.json", settings.brief * pixels
            searches.append(Trial(one, RANDOM_SEARCH, "brief", one, arch, r, settings.brief, work))
            needs.append(one)
        train(RANDOM_SEARCH, network, "", settings.seeds, tuple(needs))
    for row, search in kinds.items():
        steps = gradient_steps(search)
        work = steps * search.batch * min(search.crop, side) ** 2
        for s in range(settings.searches):
            network = f"{row}-s{s}"
            one = f"{network}-search"
            searches.append(
                Trial(one, row, "search", network, "", s, steps, work, options=of_kind[row])
            )
            train(row, network, f"trials/{one}/genotype.json", settings.seeds, (one,))
    searches.sort(key=lambda trial: (trial.kind == "brief", trial.seed))
    return searches + [trial for _, trial in sorted(trainings, key=lambda pair: pair[0])]
