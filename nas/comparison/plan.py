"""The plan of a comparison: its searches and trainings, in the order in which they start."""

from dataclasses import dataclass
from typing import Literal

import torch

from nas.comparison.settings import (
    RANDOM,
    RANDOM_SEARCH,
    CompareSettings,
    common_search_options,
    parse_search_options,
    search_options,
)
from nas.strategy.settings import SearchSettings


@dataclass(frozen=True)
class Trial:
    """The work of one subprocess: a search, a candidate's brief training, or a full training.

    Parameters
    ----------
    name : str
        Of the trial and its folder.
    row : str
        The table row to which it contributes.
    kind : "search", "brief" or "train"
    network : str
        The network that is trained or searched for, equal in all trials of one genotype.
    arch : str
        A built-in name, or a genotype file relative to the comparison's folder; "" means the best
        candidate among `needs`.
    seed : int
        Of the search or the training.
    steps : int
        Gradient steps; for a search, those of weights and alphas together.
    work : int
        Pixels in these steps; time is roughly proportional to it.
    needs : tuple of str
        Names of the trials that must be done first.
    options : tuple of str
        Of nas.search, besides those that the comparison sets itself.
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


def gradient_steps(search: SearchSettings) -> int:
    """Forward and backward passes of a search: one per weight step and one per alpha step.

    A softmax step, with all operations at once, counts as eight passes, and a second-order alpha
    step as six (12 forward passes where the first order takes 2).
    """
    alpha = max(search.epochs - search.warmup, 0) * (1 if search.order == 1 else 6)
    return search.steps * (search.epochs + alpha) * (8 if search.sampler == "softmax" else 1)


def genotype_seeds(settings: CompareSettings, candidates: int) -> dict[str, int]:
    """The seed of each random genotype, by its name; `candidates` is per random search."""
    seeds = {f"{RANDOM}-{i}": i for i in range(settings.randoms)}
    for r in range(settings.random_searches):
        for k in range(candidates):
            seeds[f"{RANDOM_SEARCH}-s{r}-c{k:02d}"] = 10_000 * (r + 1) + k
    return seeds


def count_candidates(settings: CompareSettings, search: SearchSettings, side: int) -> int:
    """How many candidates a random search trains briefly with the compute of one search.

    Compute is counted in pixels that go through gradient steps: steps x batch x crop^2. Neither
    count includes scoring on the validation pairs, which are the same as in every training.
    """
    if settings.candidates:
        return settings.candidates
    per_search = gradient_steps(search) * search.batch * min(search.crop, side) ** 2
    per_candidate = settings.brief * settings.batch * min(settings.crop, side) ** 2
    return max(1, round(per_search / per_candidate))


def plan(settings: CompareSettings, side: int, device: torch.device | str = "cpu") -> list[Trial]:
    """All trials: searches first, then every network's first training, then the second ones, ...

    Parameters
    ----------
    settings : CompareSettings
    side : int
        Side of the dataset's patches, in pixels, which limits that of the crops.
    device : where the trials will run
    """
    s = settings
    options = search_options(s)
    searches = {kind: parse_search_options(words, device) for kind, words in options.items()}
    common = parse_search_options(common_search_options(s), device)
    candidates = count_candidates(s, common, side)
    pixels = s.batch * min(s.crop, side) ** 2
    trials: list[Trial] = []

    def train(row: str, network: str, arch: str, seeds: int, needs: tuple[str, ...] = ()) -> None:
        for seed in range(seeds):
            name, work = f"{network}-t{seed}", s.steps * pixels
            trials.append(Trial(name, row, "train", network, arch, seed, s.steps, work, needs))

    for name in s.networks.split():
        train(name, name, name, s.seeds)
    for i in range(s.randoms):
        network = f"{RANDOM}-{i}"
        train(RANDOM, network, f"genotypes/{network}.json", s.random_seeds)
    for r in range(s.random_searches):
        network = f"{RANDOM_SEARCH}-s{r}"
        names = [f"{network}-c{k:02d}" for k in range(candidates)]
        for name in names:
            arch, work = f"genotypes/{name}.json", s.brief * pixels
            trials.append(Trial(name, RANDOM_SEARCH, "brief", name, arch, r, s.brief, work))
        train(RANDOM_SEARCH, network, "", s.seeds, tuple(names))
    for kind, search in searches.items():
        steps = gradient_steps(search)
        work = steps * search.batch * min(search.crop, side) ** 2
        for seed in range(s.searches):
            network = f"{kind}-s{seed}"
            name = f"{network}-search"
            trials.append(
                Trial(name, kind, "search", network, "", seed, steps, work, options=options[kind])
            )
            train(kind, network, f"trials/{name}/genotype.json", s.seeds, (name,))
    order = ("search", "brief", "train")
    return sorted(trials, key=lambda trial: (order.index(trial.kind), trial.seed))
