"""A network, its optimiser and its batches, under the recipe that every network gets.

It is NAFNet's (Chen et al. 2022): AdamW with betas (0.9, 0.9), cosine to 1e-7, random crops with
flips and turns, PSNR loss.
"""

import hashlib
import math
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import nn

from blurkit.errors import FileError
from nas.checkpoint import load_model
from nas.data import Data, split
from nas.options import check, setting
from nas.space.frame import STRIDE
from nas.space.network import WIDEST, build
from nas.training.batch_norm import share_statistics
from nas.training.batches import Batches, fit_crop
from nas.training.distributed import current_ranks
from nas.training.loss import psnr, psnr_loss

SHARES = (0.97, 0.03)  # of the pairs: training, and the curve in the log
MOST_VALIDATION = 128


@dataclass(frozen=True)
class RetrainSettings:
    """All that decides a training, beside network and data.

    Raises SettingError "steps must be >= 1, got 0" and the like.
    """

    width: int = setting(8, "channels of the first level", cuda=32, least=1, most=WIDEST)
    steps: int = setting(4000, "training steps", cuda=100_000, least=1)
    batch: int = setting(8, "pairs in a batch", cuda=32, least=1)
    crop: int = setting(64, "side of the training crops, in pixels", cuda=128)
    lr: float = setting(3e-3, "learning rate at the start", cuda=1e-3, least=1e-9)
    floor: float = setting(1e-4, "MSE added in the loss: sharp crops weigh less", least=1e-9)
    every: int = setting(200, "steps between saved states", cuda=1000, least=1)
    seed: int = setting(0, "decides initial weights and batches", least=0)

    def __post_init__(self) -> None:
        check(self)


class Trainer:
    """A network, its optimiser and its batches."""

    def __init__(
        self, arch: str | dict[str, Any], data: Data, s: RetrainSettings, device: torch.device
    ) -> None:
        self.settings, self.device, self.ranks = s, device, current_ranks()
        torch.manual_seed(s.seed)
        self.net: nn.Module = build(arch, s.width)
        self.net.to(device, memory_format=torch.channels_last)  # type: ignore[call-overload]
        share_statistics(self.net, self.ranks)
        training, self.validation = split(data, SHARES)
        self.crop = fit_crop(s.crop, training, STRIDE)
        self.batches = Batches(training, s.batch, self.crop, s.seed, self.ranks.part)
        self.optimiser = torch.optim.AdamW(
            self.net.parameters(), lr=s.lr, betas=(0.9, 0.9), weight_decay=1e-3, fused=True
        )

    def begin_with(self, path: Path) -> str:
        """Take the weights of a checkpoint; their digest.

        Slots that are empty there and filled here begin as the identity (beta = 0), so that a
        network may grow; whatever else differs is a FileError.
        """
        model, _ = load_model(path, self.device)
        state = model.state_dict()
        try:
            missing, unknown = self.net.load_state_dict(state, strict=False)
        except RuntimeError as error:  # shapes
            raise FileError(f"{path}: is of another network or width") from error
        grown = {key.partition(".operation.")[0] for key in missing}
        if unknown or any(f"{slot}.beta" not in state for slot in grown):
            raise FileError(f"{path}: is of another network or width")
        with torch.no_grad():
            for slot in grown:
                self.net.get_parameter(f"{slot}.beta").zero_()
        bits = b"".join(state[key].cpu().contiguous().numpy().tobytes() for key in sorted(state))
        return hashlib.sha256(bits).hexdigest()[:16]

    def run(self, start: int, stop: int, progress: Any) -> float:
        """Steps start .. stop-1; the mean loss."""
        self.net.train()
        losses = []
        on_cuda = self.device.type == "cuda"
        for step, (blurry, sharp) in enumerate(self.batches.run(start, stop), start=start):
            fall = 0.5 * (1 + math.cos(math.pi * step / self.settings.steps))
            self.optimiser.param_groups[0]["lr"] = 1e-7 + (self.settings.lr - 1e-7) * fall
            with torch.autocast("cuda", torch.bfloat16, enabled=on_cuda):
                restored = self.net(blurry.to(self.device, non_blocking=True))
            loss = psnr_loss(
                restored, sharp.to(self.device, non_blocking=True), self.settings.floor
            )
            self.optimiser.zero_grad(set_to_none=True)
            loss.backward()
            self.ranks.mean_gradients(self.net.parameters())
            torch.nn.utils.clip_grad_norm_(self.net.parameters(), 1.0)
            self.optimiser.step()
            losses.append(loss.detach())
            progress.update()
        return self.ranks.mean(torch.stack(losses).mean()).item()

    @torch.no_grad()
    def judge(self) -> tuple[float, float]:
        """Mean PSNR in dB on the validation pairs: of the network, and of its blurry input."""
        self.net.eval()
        scores = [torch.empty(0, 2, device=self.device)]  # a rank may get none
        for blurry, sharp in self.validation.batches(
            self.settings.batch, STRIDE, MOST_VALIDATION, self.ranks.part
        ):
            blurry, sharp = blurry.to(self.device), sharp.to(self.device)
            of_net = psnr(self.net(blurry).clamp(0, 1), sharp)
            scores.append(torch.stack((of_net, psnr(blurry, sharp)), dim=1))
        network, untouched = self.ranks.gather(torch.cat(scores)).unbind(1)
        return network.mean().item(), untouched.mean().item()
