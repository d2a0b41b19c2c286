"""The search itself: weights and alphas of a supernet trained in turn, an epoch at a time."""

import math
import time
from collections.abc import Callable
from dataclasses import dataclass
from itertools import repeat
from typing import Any, Literal

import numpy as np
import torch
from torch import Tensor
from torch.func import functional_call

from blurkit.errors import SettingError

from .architect import Loss, Weights, first_order, second_order
from .data import Batch, Batches, Data, fit_crop, split
from .genotype import Genotype
from .loss import psnr, psnr_loss
from .network import WIDEST
from .options import check, setting
from .supernet import Choices, OpPath, Supernet, gumbel_path, one_hot_path, softmax, softmax_path

SHARES = (0.6, 0.35, 0.05)  # of the pairs: weights, alphas, selection
MOST_SELECTION = 128


@dataclass(frozen=True)
class SearchSettings:
    """All that decides a search, beside the data.

    Raises SettingError "epochs must be >= 1, got 0" and the like.
    """

    width: int = setting(8, "channels of the first level", cuda=32, least=1, most=WIDEST)
    crop: int = setting(48, "side of the training crops, in pixels", cuda=128)
    batch: int = setting(8, "pairs in a batch", cuda=32, least=1)
    epochs: int = setting(30, "epochs in all", cuda=50, least=1)
    warmup: int = setting(15, "first epochs, which train the weights alone", cuda=15, least=0)
    steps: int = setting(100, "weight steps in an epoch", cuda=400, least=1)
    sampler: Literal["gumbel", "softmax"] = setting(
        "gumbel", "one drawn operation a slot (GDAS), or all of them (DARTS)"
    )
    order: Literal[1, 2] = setting(1, "order of the alphas' gradient")
    lr: float = setting(3e-3, "learning rate of the weights at the start", cuda=1e-3, least=1e-9)
    alpha_lr: float = setting(1e-2, "learning rate of the alphas", least=1e-9)
    temperature: float = setting(4.0, "of the Gumbel sampler at the start; it falls to a quarter")
    seed: int = setting(0, "decides initial weights, batches and draws", least=0)

    def __post_init__(self) -> None:
        check(self)
        if self.warmup >= self.epochs:
            raise SettingError(f"warmup must be < epochs ({self.epochs}), got {self.warmup}")
        if not self.temperature > 0:
            raise SettingError(f"temperature must be > 0, got {self.temperature}")


class Searcher:
    """Supernet, its two optimisers and the three parts of the data."""

    def __init__(self, data: Data, settings: SearchSettings, device: torch.device) -> None:
        self.settings, self.device = settings, device
        on_weights, on_alphas, self.selection = split(data, SHARES)
        self.crop = fit_crop(settings.crop, on_weights, Supernet.stride)
        self.weight_batches = Batches(on_weights, settings.batch, self.crop, settings.seed)
        self.alpha_batches = Batches(on_alphas, settings.batch, self.crop, settings.seed + 1)
        torch.manual_seed(settings.seed)
        self.net = Supernet(settings.width)
        self.net.to(device, memory_format=torch.channels_last)  # type: ignore[call-overload]
        self.weight_optimiser = torch.optim.AdamW(
            self.net.weights(), lr=settings.lr, betas=(0.9, 0.9), weight_decay=1e-3, fused=True
        )
        self.alpha_optimiser = torch.optim.Adam(
            list(self.net.choices), lr=settings.alpha_lr, betas=(0.5, 0.999)
        )
        self.optimisers = {"weights": self.weight_optimiser, "alphas": self.alpha_optimiser}

    @property
    def total(self) -> int:
        return self.settings.epochs * self.settings.steps

    def path(self, step: int, purpose: int) -> OpPath:
        """The sampler's draw in step 0 .. total-1: it depends on seed, step and purpose alone."""
        if self.settings.sampler == "softmax":
            return softmax_path(self.net.choices)
        rng = np.random.default_rng((self.settings.seed, 2, purpose, step))

        def standard_gumbel(like: Tensor) -> Tensor:
            return torch.from_numpy(rng.gumbel(size=like.shape)).float().to(self.device)

        temperature = self.settings.temperature * (1 - 0.75 * step / self.total)
        choices = self.net.choices
        return gumbel_path(choices, temperature, choices.map(standard_gumbel))

    def _to_device(self, batch: Batch) -> Batch:
        blurry, sharp = (t.to(self.device, non_blocking=True) for t in batch)
        return blurry, sharp

    def weight_gradient(self, batch: Batch, path: OpPath) -> Tensor:
        """Loss on a batch; leaves its gradient in the weights (bf16 autocast on CUDA)."""
        blurry, sharp = self._to_device(batch)
        self.weight_optimiser.zero_grad(set_to_none=True)
        with torch.autocast("cuda", torch.bfloat16, enabled=self.device.type == "cuda"):
            restored = self.net(blurry, path)
        loss = psnr_loss(restored, sharp)
        loss.backward()
        for alphas in self.net.choices:
            alphas.grad = None
        return loss.detach()

    def alpha_gradient(self, batch: Batch, train_batch: Batch, step: int) -> Choices:
        """Gradient for the alphas on a batch of their own part, of the order asked for."""
        path = self.path(step, purpose=1)
        pairs = {"valid": self._to_device(batch), "train": self._to_device(train_batch)}

        def loss_on(part: str) -> Loss:
            blurry, sharp = pairs[part]

            def loss(weights: dict[str, Tensor], alphas: Choices) -> Tensor:
                every = {**weights, **dict(zip(Supernet.ALPHAS, alphas, strict=True))}
                return psnr_loss(functional_call(self.net, every, (blurry, path)), sharp)

            return loss

        every = self.net.named_parameters()
        weights: Weights = {name: p for name, p in every if name not in Supernet.ALPHAS}
        if self.settings.order == 1:
            return first_order(loss_on("valid"), weights, self.net.choices)
        rate = self.weight_optimiser.param_groups[0]["lr"]
        return second_order(loss_on("train"), loss_on("valid"), weights, self.net.choices, rate)

    def epoch(self, number: int, progress: Any) -> dict[str, float]:
        """Train one epoch: a weight step, then (after the warm-up) an alpha step, and so on."""
        s = self.settings
        start, losses, gradients = number * s.steps, [], []
        stop = start + s.steps
        warm = number < s.warmup
        alpha_batches = repeat(None) if warm else self.alpha_batches.run(start, stop)
        batches = zip(self.weight_batches.run(start, stop), alpha_batches, strict=False)
        for step, (batch, alpha_batch) in enumerate(batches, start=start):
            # quickly down: at full rate the weights are too noisy to tell operations apart
            rate = s.lr * max(0.02, (1 - step / self.total) ** 2)
            self.weight_optimiser.param_groups[0]["lr"] = rate
            losses.append(self.weight_gradient(batch, self.path(step, purpose=0)))
            torch.nn.utils.clip_grad_norm_(self.net.weights(), 1.0)
            self.weight_optimiser.step()
            if alpha_batch is not None:
                found = self.alpha_gradient(alpha_batch, batch, step)
                for alphas, gradient in zip(self.net.choices, found, strict=True):
                    alphas.grad = gradient
                gradients.append(torch.cat([part.flatten() for part in found]).norm())
                self.alpha_optimiser.step()
            progress.update()
        return {
            "train_loss": torch.stack(losses).mean().item(),
            "alpha_gradient": sum(g.item() for g in gradients) / max(len(gradients), 1),
        }

    @torch.no_grad()
    def judge(self, path_of_batch: Callable[[int], OpPath] | None) -> float:
        """Mean PSNR in dB on the selection pairs; `path_of_batch(k)` is the path of batch k.

        None judges the blurry input itself.
        """
        scores = []
        batches = self.selection.batches(self.settings.batch, Supernet.stride, MOST_SELECTION)
        for k, batch in enumerate(batches):
            blurry, sharp = self._to_device(batch)
            restored = self.net(blurry, path_of_batch(k)).clamp(0, 1) if path_of_batch else blurry
            scores.append(psnr(restored, sharp))
        return torch.cat(scores).mean().item()

    def verdict(self, number: int, genotype: Genotype) -> dict[str, float]:
        """The epoch's scores on the selection pairs and the alphas' entropy."""
        one_hot = one_hot_path(genotype, self.device)
        last = (number + 1) * self.settings.steps - 1
        p = softmax(self.net.choices.map(torch.detach)).operations
        entropy = -(p * p.log()).sum(1).mean() / math.log(p.shape[1])
        return {
            "psnr_input": self.judge(None),
            "psnr_supernet": self.judge(lambda k: self.path(last, purpose=2 + k)),
            "psnr_onehot": self.judge(lambda k: one_hot),
            "entropy": entropy.item(),
        }

    def seconds_per_step(self) -> tuple[float, float]:
        """Measured seconds of a weight step and of an alpha step; changes nothing."""
        batch = self.weight_batches[0]
        spent = []
        for work in (
            lambda step: self.weight_gradient(batch, self.path(step, 0)),
            lambda step: self.alpha_gradient(batch, batch, step),
        ):
            work(0)
            start = time.perf_counter()
            for step in range(1, 4):
                work(step)
            if self.device.type == "cuda":
                torch.cuda.synchronize(self.device)
            spent.append((time.perf_counter() - start) / 3)
        self.weight_optimiser.zero_grad(set_to_none=True)
        return spent[0], spent[1]
