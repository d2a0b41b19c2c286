"""Evolution of genotypes that share a supernet's weights (Guo et al. 2020, SPOS, algorithm 1)."""

from collections.abc import Callable, Iterable

import numpy as np

from blurkit.progress import bar
from nas.space.genotype import FUSION_NAMES, OPERATION_NAMES, Genotype

PARENTS = 16  # a child has two of this many best genotypes as parents
CHANGE = 0.08  # chance that a choice of a child is drawn at random: about 2.5 of the 31
TRIES = 200  # rejected children before evolution gives up


def evolve(
    score: Callable[[Genotype], float],
    first: Iterable[Genotype],
    fits: Callable[[Genotype], bool],
    rng: np.random.Generator,
    *,
    count: int,
    progress: bool = False,
) -> list[Genotype]:
    """Score `count` genotypes, those of `first`, then children of the best so far; best first.

    Parameters
    ----------
    score : callable Genotype -> float
        Higher is better; called once for each genotype.
    first : at least one genotype
    fits : callable Genotype -> bool
        Whether a child may be scored, because its cost is within the budget for instance.
    rng : numpy Generator
    count : int >= 1
        Genotypes to score in all; fewer if no child that fits can be found.
    progress : bool
        Show a bar over the genotypes.

    Examples
    --------
    >>> start = [Genotype.sample(seed) for seed in range(8)]
    >>> convolutions = lambda genotype: genotype.flat().count("conv3")
    >>> rng = np.random.default_rng(0)
    >>> best, *_ = evolve(convolutions, start, lambda genotype: True, rng, count=600)
    >>> convolutions(best) > 2 * max(map(convolutions, start))
    True
    """
    ranked: list[tuple[float, Genotype]] = []
    seen: set[str] = set()
    with bar(count, "evolve", "genotype", disable=not progress) as shown:

        def take(genotype: Genotype) -> None:
            seen.add(genotype.to_json())
            ranked.append((score(genotype), genotype))
            ranked.sort(key=lambda pair: -pair[0])
            shown.update()
            shown.set_postfix_str(f"best {ranked[0][0]:.2f}")

        for genotype in first:
            if len(ranked) < count and genotype.to_json() not in seen:
                take(genotype)
        while len(ranked) < count:
            for _ in range(TRIES):
                first_parent, second_parent = rng.integers(min(PARENTS, len(ranked)), size=2)
                child = _child(ranked[first_parent][1], ranked[second_parent][1], rng)
                if child.to_json() not in seen and fits(child):
                    break
            else:
                break
            take(child)
    return [genotype for _, genotype in ranked]


def _child(a: Genotype, b: Genotype, rng: np.random.Generator) -> Genotype:
    """Each choice from either parent, or (rarely) at random; the widths are the first's."""

    def mix(first: list[str], second: list[str], names: tuple[str, ...]) -> list[str]:
        changed = rng.random(len(first)) < CHANGE
        swapped = rng.random(len(first)) < 0.5
        random = rng.integers(len(names), size=len(first))
        inherited = [y if swap else x for x, y, swap in zip(first, second, swapped, strict=True)]
        return [
            names[k] if change else name
            for name, k, change in zip(inherited, random, changed, strict=True)
        ]

    return Genotype.from_flat(
        mix(a.flat(), b.flat(), OPERATION_NAMES),
        mix(a.flat_fusions(), b.flat_fusions(), FUSION_NAMES),
        a.widths,
    )
