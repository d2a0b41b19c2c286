"""From logits to a genotype: the best within a budget, and perturbation in place of argmax."""

from collections.abc import Callable, Iterator

import numpy as np
import torch
from torch import Tensor

from blurkit.progress import bar
from nas.cost.table import CostTable
from nas.space.genotype import WIDTHS, Genotype
from nas.space.paths import Choices, one_hot

ROUNDS = 3
NEVER = -1e6  # a logit whose softmax is 0, a score that is not taken


def best_within(
    scores: Choices,
    costs: CostTable | None = None,
    budget: float = 0.0,
    widths: tuple[int, ...] = WIDTHS,
) -> Genotype:
    """The genotype of the largest sum of scores whose predicted cost is within the budget.

    Without a table of costs: the largest score in each row.
    """
    if costs is None:
        return scores.genotype(widths)
    return costs.within(scores.operations, scores.fusions, budget)


def pinned(logits: Choices, row: int, choice: int) -> Choices:
    """The logits with one row decided."""
    values = torch.full_like(logits.rows()[row], NEVER)
    values[choice] = 0
    return logits.row(row, values)


def without(logits: Choices, row: int, choice: int) -> Choices:
    """The logits with one choice of a row taken out; the others keep their proportions."""
    values = logits.rows()[row].clone()
    values[choice] = NEVER
    return logits.row(row, values)


def perturb(
    logits: Choices,
    loss_of: Callable[[Choices], float],
    choose: Callable[[Choices], Genotype] = best_within,
    *,
    mixed: bool = True,
    alphas: Choices | None = None,
    rounds: int = ROUNDS,
    progress: bool = False,
) -> Genotype:
    """Discretise by perturbation: what is missed most stays (Wang et al. 2021, DARTS-PT).

    Parameters
    ----------
    logits : Choices
    loss_of : callable logits -> float
        The supernet's loss under these logits, always on the same batches and draws.
    choose : callable scores -> Genotype
        `best_within` with a budget, say.
    mixed : bool
        Whether the supernet mixes all operations. Then a choice's score is the loss without it,
        as in the paper. Of single paths one in n takes the choice, and all would lose by its
        removal p / (1 - p) times what it gains; the score is that gain, at equal p: minus the
        loss of the paths that do take it.
    alphas : Choices, optional
        What was learnt of the logits, without their prior. A mixed row that is measured is mixed
        by its alphas alone: by the logits, a choice would be missed for its share in the prior as
        much as for its worth. All other rows keep their logits. The logits themselves if None.
    rounds : int >= 1
        In each, an equal share of the rows is decided, the clearest leads first, and the rest is
        measured again beside them. (The paper decides one row a round, in random order.)
    progress : bool
        Show a bar over the rows.
    """
    rows = logits.rows()
    scores = [torch.zeros(len(row), dtype=torch.float64) for row in rows]
    decided: dict[int, int] = {}
    stays = [len(rows) * (rounds - k) // rounds for k in range(rounds + 1)]  # undecided, a round
    with bar(sum(stays), "perturb", "row", disable=not progress) as shown:
        for left in stays[1:]:
            held = logits
            for row, choice in decided.items():
                held = pinned(held, row, choice)
            for row in range(len(rows)):
                if row in decided:
                    continue
                measured = held if alphas is None else held.row(row, alphas.rows()[row])
                for i in range(len(rows[row])):
                    changed = without(measured, row, i) if mixed else pinned(measured, row, i)
                    scores[row][i] = loss_of(changed) if mixed else -loss_of(changed)
                shown.update()
            known = _choices(scores, logits)
            for row, choice in decided.items():
                known = pinned(known, row, choice)
            genotype = choose(known)
            taken = [int(row.argmax()) for row in one_hot(genotype).rows()]
            leads = {
                row: _lead(scores[row], taken[row])
                for row in range(len(rows))
                if row not in decided
            }
            for row in sorted(leads, key=lambda r: -leads[r])[: len(leads) - left]:
                decided[row] = taken[row]
    return genotype


def losses(logits: Choices, rounds: int = ROUNDS) -> float:
    """About how many losses `perturb` asks for: which rows are decided first is not known."""
    sizes = [len(row) for row in logits.rows()]
    return sum(sizes) * sum((rounds - k) / rounds for k in range(rounds))


def drawn(
    logits: Choices,
    rng: np.random.Generator,
    costs: CostTable | None = None,
    budget: float = 0.0,
    widths: tuple[int, ...] = WIDTHS,
) -> Iterator[Genotype]:
    """Genotypes drawn from the logits' softmax, those over the budget drawn again, without end.

    After 100 draws over it, `best_within` takes the last one's noisy logits for scores.
    """

    def noisy(part: Tensor) -> Tensor:
        return part + torch.from_numpy(rng.gumbel(size=part.shape)).to(part)

    while True:
        for _ in range(100):
            scores = logits.map(noisy)
            genotype = scores.genotype(widths)
            if costs is None or costs.of(genotype) <= budget:
                break
        else:
            genotype = best_within(scores, costs, budget, widths)
        yield genotype


def _lead(scores: Tensor, taken: int) -> float:
    others = torch.cat((scores[:taken], scores[taken + 1 :]))
    return float(scores[taken] - others.max())


def _choices(rows: list[Tensor], like: Choices) -> Choices:
    slots = len(like.operations)
    return Choices(torch.stack(rows[:slots]), torch.stack(rows[slots:]))
