"""Penalties of the alphas' loss: beta-decay, entropy and cost deviation. Each is a scalar."""

from torch import Tensor

from nas.space.paths import Choices, softmax


def beta_decay(alphas: Choices) -> Tensor:
    """Mean over a part's rows of log sum exp(alpha), mean of both parts (Ye et al. 2022,
    beta-DARTS, eq. 16).

    Its gradient is softmax(alpha): it restrains all alphas of a row, the largest most. In the
    paper its weight rises from 0; in `nas.search` it falls to 0, so that no operation takes the
    lead while the weights are untrained, and the alphas can separate at the end.
    """
    rows = [part.logsumexp(dim=1).mean() for part in alphas]
    return sum(rows[1:], rows[0]) / len(rows)


def entropy(logits: Choices) -> Tensor:
    """Mean normalised entropy of a part's rows, mean of both parts: 0 is decided, 1 uniform."""
    rows = [
        -(p * p.clamp_min(1e-12).log()).sum(1).mean() / p.new_tensor(float(p.shape[1])).log()
        for p in softmax(logits)
    ]
    return sum(rows[1:], rows[0]) / len(rows)


def cost_deviation(expected: Tensor, target: float) -> Tensor:
    """|E / T - 1| of the expected cost E and the target T."""
    return (expected / target - 1).abs()
