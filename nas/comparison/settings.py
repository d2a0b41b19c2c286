"""The settings of a comparison, and the options of nas.search for each kind of search in it."""

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
RANDOM, RANDOM_SEARCH = "random", "random-search"
SEARCHED, UNIFORM = "searched", "uniform"
RESERVED = (*BUILT_IN, RANDOM, RANDOM_SEARCH, SEARCHED, UNIFORM)
OWN = ("seed", "width", "latency_target", "macs_target")  # of nas.search, set by the comparison


@dataclass(frozen=True)
class CompareSettings:
    """Everything that decides a comparison, except the data.

    Raises SettingError "seeds must be >= 1, got 0" and the like.

    Attributes
    ----------
    variants : tuple of str
        Further kinds of search, each "NAME=OPTIONS of nas.search".
    """

    width: int = setting(
        8, "channels of the first level of all networks", cuda=32, least=1, most=WIDEST
    )
    target: float = setting(1.0, "target cost of searches, relative to UNet's", least=0.01)
    cost: Literal["latency", "macs"] = setting("latency", "which cost --target limits")
    band: float = setting(
        0.1, "random genotypes cost at least 1 - BAND times the target", least=0, most=1
    )
    steps: int = setting(2000, "training steps of each network", cuda=100_000, least=1)
    batch: int = setting(8, "pairs in a training batch", cuda=32, least=1)
    crop: int = setting(64, "side of the training crops, in pixels", cuda=128, least=1)
    lr: float = setting(5e-3, "highest learning rate of trainings", cuda=1e-3, least=1e-9)
    networks: str = setting(" ".join(BASELINES), "built-in networks to compare with")
    seeds: int = setting(3, "trainings of each network", least=1)
    kinds: str = setting(f"{SEARCHED} {UNIFORM}", "kinds of search, besides the variants")
    searches: int = setting(3, "searches of each kind; 0 for none", least=0)
    randoms: int = setting(8, "random genotypes at the target cost", least=0)
    random_seeds: int = setting(1, "trainings of each random genotype", least=1)
    random_searches: int = setting(1, "random searches; 0 for none", least=0)
    candidates: int = setting(
        0, "genotypes in a random search; 0 for the compute of one search", least=0
    )
    brief: int = setting(
        250, "training steps of each candidate in a random search", cuda=5000, least=1
    )
    limit: int = setting(0, "score only this many test pairs; 0 for all", least=0)
    search: str = setting("", 'options of all searches, such as "--epochs 30 --warmup 15"')
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
            if name in RESERVED or names.count(name) > 1:
                raise SettingError(f"variant must have a name of its own, got {name!r}")


def common_search_options(settings: CompareSettings) -> tuple[str, ...]:
    """The options of nas.search that all kinds of search share."""
    return tuple(_split(settings.search))


def search_options(settings: CompareSettings) -> dict[str, tuple[str, ...]]:
    """The options of nas.search by kind of search; of repeated options the last one counts."""
    common = common_search_options(settings)
    epochs = parse_search_options(common).epochs
    built_in = {
        SEARCHED: common,
        UNIFORM: (*common, "--warmup", str(epochs), "--discretise", "perturb"),
    }
    kinds = {kind: words for kind, words in built_in.items() if kind in settings.kinds.split()}
    for variant in settings.variants:
        name, _, text = variant.partition("=")
        kinds[name] = (*common, *_split(text))
    return kinds


def parse_search_options(
    words: Sequence[str], device: torch.device | str = "cpu"
) -> SearchSettings:
    """SearchSettings from command-line words; SettingError "in search: No such option ..."."""
    try:
        values = _search.make_context("search", list(words)).params
        taken = [name.replace("_", "-") for name in OWN if values.get(name) is not None]
        if taken:
            raise SettingError(f"{taken[0]} is the comparison's own option")
        return for_device(SearchSettings, torch.device(device), values)
    except (click.UsageError, SettingError) as error:
        message = error.format_message() if isinstance(error, click.UsageError) else error
        raise SettingError(f"in search {shlex.join(words)!r}: {message}") from error


@click.command(add_help_option=False)
@options(SearchSettings)
def _search(**values: object) -> None:
    """Parses the options; never run."""


def _split(text: str) -> list[str]:
    try:
        return shlex.split(text)
    except ValueError as error:
        raise SettingError(f"in search {text!r}: {error}") from error
