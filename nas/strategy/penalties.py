"""What is added to the alphas' loss: early, late, and for the cost. Each a scalar, in its unit."""

from torch import Tensor

from nas.space.paths import Choices, softmax


def beta_decay(alphas: Choices) -> Tensor:
    """Mean over a part's rows of log sum exp(alpha), mean of both parts (Ye et al. 2022,
    beta-DARTS, eq. 16).

    Its gradient goes with softmax(alpha): it holds all alphas of a row back, the leading one most.
    In the paper its weight rises, from 0; in `nas.search` it falls to 0, so that no operation leads
    while the weights are young and the alphas are free to decide at the end.
    """
    rows = [part.logsumexp(dim=1).mean() for part in alphas]
    return sum(rows[1:], rows[0]) / len(rows)


def entropy(logits: Choices) -> Tensor:
    """Mean entropy of a part's rows in units of the largest, mean of both parts: 0 is decided, 1
    uniform."""
    rows = [
        -(p * p.clamp_min(1e-12).log()).sum(1).mean() / p.new_tensor(float(p.shape[1])).log()
        for p in softmax(logits)
    ]
    return sum(rows[1:], rows[0]) / len(rows)


def off_target(expected: Tensor, target: float) -> Tensor:
    """|E / T - 1| of an expected cost and what it should be."""
    return (expected / target - 1).abs()
