"""From logits to a genotype by perturbation (Wang et al. 2021, DARTS-PT)."""

from collections.abc import Callable

import torch
from torch import Tensor

from blurkit.progress import bar
from nas.space.genotype import Genotype
from nas.space.paths import Choices, one_hot

NEVER = -1e6  # a logit of probability 0; a score that is never chosen


def pinned(logits: Choices, row: int, choice: int) -> Choices:
    """The logits with one row decided."""
    values = torch.full_like(logits.rows()[row], NEVER)
    values[choice] = 0
    return logits.row(row, values)


def without(logits: Choices, row: int, choice: int) -> Choices:
    """The logits without one choice of a row; the others keep their proportions."""
    values = logits.rows()[row].clone()
    values[choice] = NEVER
    return logits.row(row, values)


def perturb(
    logits: Choices,
    loss_of: Callable[[Choices], float],
    choose: Callable[[Choices], Genotype] = Choices.genotype,
    *,
    mixed: bool = True,
    alphas: Choices | None = None,
    rounds: int = 3,
    progress: bool = False,
) -> Genotype:
    """Discretise by perturbation: keep the options whose removal hurts most (DARTS-PT).

    Parameters
    ----------
    logits : Choices
    loss_of : callable logits -> float
        The supernet's loss under these logits, always on the same batches and draws.
    choose : callable scores -> Genotype
        The genotype of the largest sum of scores, within a budget for instance.
    mixed : bool
        Whether the supernet mixes all operations. The score of an option is then the loss without
        it, as in the paper (Wang et al. 2021). If the supernet draws single paths, a share p of
        them takes the option, and removing it raises the loss by p / (1 - p) times the option's
        advantage; to compare options at equal p, the score is minus the loss of the paths that
        take it.
    alphas : Choices, optional
        The logits without their prior. The row being measured is mixed by its alphas alone:
        otherwise the score would reflect an option's share in the prior as much as its worth. All
        other rows keep their logits. None: the logits.
    rounds : int >= 1
        Each round decides an equal share of the rows, those with the clearest leads first, and
        measures the rest again. (The paper decides one row a round, in random order.)
    progress : bool
        Show a bar over the rows.
    """
    rows = logits.rows()
    scores = [torch.zeros(len(row), dtype=torch.float64) for row in rows]
    decided: dict[int, int] = {}
    undecided = [len(rows) * (rounds - k) // rounds for k in range(rounds + 1)]  # before each round
    with bar(sum(undecided), "perturb", "row", disable=not progress) as shown:
        for left in undecided[1:]:
            base = logits
            for row, choice in decided.items():
                base = pinned(base, row, choice)
            for row in range(len(rows)):
                if row in decided:
                    continue
                measured = base if alphas is None else base.row(row, alphas.rows()[row])
                for i in range(len(rows[row])):
                    changed = without(measured, row, i) if mixed else pinned(measured, row, i)
                    scores[row][i] = loss_of(changed) if mixed else -loss_of(changed)
                shown.update()
            slots = len(logits.operations)
            known = Choices(torch.stack(scores[:slots]), torch.stack(scores[slots:]))
            for row, choice in decided.items():
                known = pinned(known, row, choice)
            genotype = choose(known)
            chosen = [int(row.argmax()) for row in one_hot(genotype).rows()]
            leads = {
                row: _lead(scores[row], chosen[row])
                for row in range(len(rows))
                if row not in decided
            }
            for row in sorted(leads, key=lambda r: -leads[r])[: len(leads) - left]:
                decided[row] = chosen[row]
    return genotype


def count_losses(logits: Choices, rounds: int = 3) -> float:
    """About how many losses `perturb` computes; it depends on which rows are decided first."""
    sizes = [len(row) for row in logits.rows()]
    return sum(sizes) * sum((rounds - k) / rounds for k in range(rounds))


def _lead(scores: Tensor, chosen: int) -> float:
    others = torch.cat((scores[:chosen], scores[chosen + 1 :]))
    return float(scores[chosen] - others.max())
