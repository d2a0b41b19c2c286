"""Evolution of genotypes that share a supernet's weights (Guo et al. 2020, SPOS, algorithm 1)."""

from collections.abc import Callable, Iterable

import numpy as np

from blurkit.progress import bar
from nas.space.genotype import FUSION_NAMES, OPERATION_NAMES, Genotype

PARENTS = 16  # the best so far, of which two make a child
CHANGE = 0.08  # chance of each choice of a child to be drawn anew: two or three of 31
TRIES = 200  # children thrown away before evolution gives up


def evolve(
    score: Callable[[Genotype], float],
    first: Iterable[Genotype],
    fits: Callable[[Genotype], bool],
    rng: np.random.Generator,
    *,
    scored: int,
    progress: bool = False,
) -> Genotype:
    """The best of `scored` genotypes: those of `first`, then children of the best ones so far.

    Parameters
    ----------
    score : callable Genotype -> float
        Higher is better; asked once for each genotype.
    first : genotypes to begin with, at least one
    fits : callable Genotype -> bool
        Whether a child may be scored: its cost is within the budget, say.
    rng : numpy Generator
    scored : int >= 1
        Genotypes to score in all; fewer where no child that fits can be found.
    progress : bool
        Show a bar over the genotypes.

    Examples
    --------
    >>> start = [Genotype.sample(seed) for seed in range(8)]
    >>> convolutions = lambda genotype: genotype.flat().count("conv3")
    >>> rng = np.random.default_rng(0)
    >>> best = evolve(convolutions, start, lambda genotype: True, rng, scored=600)
    >>> convolutions(best) > 2 * max(map(convolutions, start))
    True
    """
    found: list[tuple[float, Genotype]] = []
    seen: set[str] = set()
    with bar(scored, "evolve", "genotype", disable=not progress) as shown:

        def take(genotype: Genotype) -> None:
            seen.add(genotype.to_json())
            found.append((score(genotype), genotype))
            found.sort(key=lambda each: -each[0])
            shown.update()
            shown.set_postfix_str(f"best {found[0][0]:.2f}")

        for genotype in first:
            if len(found) < scored and genotype.to_json() not in seen:
                take(genotype)
        while len(found) < scored:
            for _ in range(TRIES):
                one, other = rng.integers(min(PARENTS, len(found)), size=2)
                child = _child(found[one][1], found[other][1], rng)
                if child.to_json() not in seen and fits(child):
                    break
            else:
                break
            take(child)
    return found[0][1]


def _child(one: Genotype, other: Genotype, rng: np.random.Generator) -> Genotype:
    """Each choice from either parent, now and then from neither; the widths are the first's."""

    def mixed(a: list[str], b: list[str], names: tuple[str, ...]) -> list[str]:
        anew = rng.random(len(a)) < CHANGE
        from_b = rng.random(len(a)) < 0.5
        drawn = rng.integers(len(names), size=len(a))
        return [
            names[drawn[i]] if anew[i] else (b[i] if from_b[i] else a[i]) for i in range(len(a))
        ]

    return Genotype.from_flat(
        mixed(one.flat(), other.flat(), OPERATION_NAMES),
        mixed(one.flat_fusions(), other.flat_fusions(), FUSION_NAMES),
        one.widths,
    )
