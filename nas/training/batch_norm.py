"""BatchNorm over the batch of all ranks; torch's own SyncBatchNorm needs CUDA."""

import torch
from torch import Tensor, nn

from nas.training.distributed import Ranks


class SharedBatchNorm(nn.BatchNorm2d):
    """`nn.BatchNorm2d` that in training computes its statistics over the rows of all ranks.

    Parameters
    ----------
    plain : nn.BatchNorm2d
        The layer to replace. Its parameters and buffers are taken over, so the state dict is the
        same.
    ranks : Ranks
        Each must contribute the same number of values.

    Shapes
    ------
    (N, C, H, W) -> the same, in the input's dtype; computed in float32.
    """

    running_mean: Tensor
    running_var: Tensor
    num_batches_tracked: Tensor
    momentum: float

    def __init__(self, plain: nn.BatchNorm2d, ranks: Ranks) -> None:
        super().__init__(plain.num_features, plain.eps, plain.momentum)
        self.ranks = ranks
        self.weight, self.bias = plain.weight, plain.bias
        for name, tensor in plain.named_buffers():
            setattr(self, name, tensor)

    def forward(self, x: Tensor) -> Tensor:
        if not self.training:
            return super().forward(x)
        values = x.float()
        own = torch.var_mean(values, dim=(0, 2, 3), unbiased=False)
        variances, means = self.ranks.all_gather(torch.stack(own)).unbind(1)
        mean = means.mean(0)
        variance = variances.mean(0) + (means - mean).square().mean(0)
        with torch.no_grad():
            count = values[:, 0].numel() * self.ranks.count
            self.running_mean.lerp_(mean, self.momentum)
            self.running_var.lerp_(variance * count / (count - 1), self.momentum)
            self.num_batches_tracked.add_(1)
        scale = self.weight * (variance + self.eps).rsqrt()
        centred = values - mean[:, None, None]
        return (centred * scale[:, None, None] + self.bias[:, None, None]).to(x.dtype)


def share_statistics(net: nn.Module, ranks: Ranks) -> None:
    """Replace each BatchNorm2d of `net` by a SharedBatchNorm if there are several ranks."""
    if ranks.count == 1:
        return
    for module in list(net.modules()):
        for name, child in module.named_children():
            if type(child) is nn.BatchNorm2d:
                setattr(module, name, SharedBatchNorm(child, ranks))
