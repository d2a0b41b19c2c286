"""One network in training: its weights, its optimisers and its batches."""

import hashlib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import nn

from blurkit.errors import FileError
from nas.checkpoint import load_model
from nas.data import Data, split
from nas.device import to_channels_last
from nas.options import check, setting
from nas.space.frame import STRIDE
from nas.space.network import WIDEST, build
from nas.training.batch_norm import share_statistics
from nas.training.batches import Batches, fit_crop, to_device
from nas.training.distributed import ALONE, Ranks
from nas.training.loss import psnr, psnr_loss
from nas.training.recipe import learning_rate, make_optimisers, update

SHARES = (0.97, 0.03)  # of the pairs: training and validation
MOST_VALIDATION = 128  # pairs
LAST_RATE = 1e-7


@dataclass(frozen=True)
class RetrainSettings:
    """Everything that decides a training, except network and data.

    Raises SettingError "steps must be >= 1, got 0" and the like.
    """

    width: int = setting(8, "channels of the first level", cuda=32, least=1, most=WIDEST)
    steps: int = setting(4000, "training steps", cuda=100_000, least=1)
    batch: int = setting(8, "pairs in a batch", cuda=32, least=1)
    crop: int = setting(64, "side of the training crops, in pixels", cuda=128)
    lr: float = setting(5e-3, "highest learning rate", cuda=1e-3, least=1e-9)
    floor: float = setting(
        1e-4, "added to the MSE in the loss, so that sharp crops weigh less", least=1e-9
    )
    every: int = setting(200, "steps between saved states", cuda=1000, least=1)
    seed: int = setting(0, "seed of initial weights and batches", least=0)

    def __post_init__(self) -> None:
        check(self)


class Trainer:
    """A network, its optimisers and its batches.

    Parameters
    ----------
    arch : name of a built-in network, or a genotype as a dict
    data : the dataset; 97 % of its pairs are for training, at most 128 others for validation
    s : RetrainSettings
    device : torch.device
    ranks : Ranks
        The processes that share each batch.
    """

    def __init__(
        self,
        arch: str | dict[str, Any],
        data: Data,
        s: RetrainSettings,
        device: torch.device,
        ranks: Ranks = ALONE,
    ) -> None:
        self.settings, self.device, self.ranks = s, device, ranks
        torch.manual_seed(s.seed)
        self.net: nn.Module = to_channels_last(build(arch, s.width), device)
        share_statistics(self.net, ranks)
        training, self.validation = split(data, SHARES)
        self.crop = fit_crop(s.crop, training, STRIDE)
        self.batches = Batches(training, s.batch, self.crop, s.seed, ranks.part)
        self.optimisers = make_optimisers(self.net.parameters(), s.lr)

    def load_weights(self, path: Path) -> str:
        """Start from the weights of a checkpoint; returns their digest.

        The checkpoint may have empty slots where this network has operations; those start as the
        identity (beta = 0). Any other difference raises FileError.
        """
        model, _ = load_model(path, self.device)
        state = model.state_dict()
        try:
            missing, unknown = self.net.load_state_dict(state, strict=False)
        except RuntimeError as error:  # shapes
            raise FileError(f"{path}: belongs to another network or width") from error
        added = {key.partition(".operation.")[0] for key in missing}
        if unknown or any(f"{slot}.beta" not in state for slot in added):
            raise FileError(f"{path}: belongs to another network or width")
        with torch.no_grad():
            for slot in added:
                self.net.get_parameter(f"{slot}.beta").zero_()
        content = b"".join(state[key].cpu().contiguous().numpy().tobytes() for key in sorted(state))
        return hashlib.sha256(content).hexdigest()[:16]

    def run(self, start: int, stop: int, progress: Any) -> float:
        """Train steps start .. stop-1; the mean loss."""
        s, losses = self.settings, []
        self.net.train()
        for step, batch in enumerate(self.batches.run(start, stop), start=start):
            blurry, sharp = to_device(batch, self.device)
            with torch.autocast("cuda", torch.bfloat16, enabled=self.device.type == "cuda"):
                restored = self.net(blurry)
            loss = psnr_loss(restored, sharp, s.floor)
            self.net.zero_grad(set_to_none=True)
            loss.backward()
            self.ranks.mean_gradients(self.net.parameters())
            update(self.optimisers, learning_rate(step, s.steps, s.lr, LAST_RATE))
            losses.append(loss.detach())
            progress.update()
        return self.ranks.mean(torch.stack(losses).mean()).item()

    @torch.no_grad()
    def validate(self) -> tuple[float, float]:
        """Mean PSNR on the validation pairs, in dB: of the network, and of its blurry input."""
        self.net.eval()
        scores = [torch.empty(0, 2, device=self.device)]  # a rank may get no batch
        batches = self.validation.batches(
            self.settings.batch, STRIDE, MOST_VALIDATION, self.ranks.part
        )
        for batch in batches:
            blurry, sharp = to_device(batch, self.device)
            restored = self.net(blurry).clamp(0, 1)
            scores.append(torch.stack((psnr(restored, sharp), psnr(blurry, sharp)), dim=1))
        network, untouched = self.ranks.gather(torch.cat(scores)).unbind(1)
        return network.mean().item(), untouched.mean().item()
