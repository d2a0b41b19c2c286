"""The search itself: weights and alphas of a supernet trained in turn, an epoch at a time."""

import time
from itertools import repeat
from typing import Any

import torch
from torch import Tensor
from torch.func import functional_call

from blurkit.errors import SettingError
from nas.cost.table import CostTable
from nas.data import Batch, Data, split
from nas.device import to_channels_last
from nas.space.paths import Choices, OpPath, softmax
from nas.space.supernet import Supernet
from nas.strategy.architect import Loss, Weights, first_order, second_order
from nas.strategy.penalties import beta_decay, entropy, off_target
from nas.strategy.sampler import Sampler
from nas.strategy.selection import Judge
from nas.strategy.settings import SearchSettings
from nas.training.batches import Batches, fit_crop, to_device
from nas.training.distributed import current_ranks
from nas.training.loss import psnr_loss
from nas.training.recipe import learning_rate, make_optimiser, update

SHARES = (0.6, 0.35, 0.05)  # of the pairs: weights, alphas, selection
LAST_SHARE = 0.02  # of the initial learning rate, at the end


class Searcher:
    """Supernet, its two optimisers and the three parts of the data.

    With a table of costs the logits start as the least decided ones whose expected cost is the
    target's (maximum entropy), and every genotype is predicted to keep the target.

    Raises SettingError "latency-target must be between 0.25 and 2.83, what the cheapest and the
    dearest network take of UNet's ms (0 is any), got 0.1", and those of `nas.data` for batch and
    crop.
    """

    def __init__(
        self,
        data: Data,
        settings: SearchSettings,
        device: torch.device,
        costs: CostTable | None = None,
    ) -> None:
        self.settings, self.device, self.costs, self.ranks = (
            settings,
            device,
            costs,
            current_ranks(),
        )
        self.sampler = Sampler(settings)
        on_weights, on_alphas, selection = split(data, SHARES)
        self.crop = fit_crop(settings.crop, on_weights, Supernet.stride)
        of_batch = settings.batch, self.crop
        self.weight_batches = Batches(on_weights, *of_batch, settings.seed, self.ranks.part)
        self.alpha_batches = Batches(on_alphas, *of_batch, settings.seed + 1, self.ranks.part)
        torch.manual_seed(settings.seed)
        self.net = Supernet(settings.width, settings.widths, settings.sharing == "weights")
        if costs:
            least, most = (cost / costs.unet for cost in costs.bounds())
            if not least <= settings.target <= most:
                name = "macs-target" if settings.macs_target else "latency-target"
                raise SettingError(
                    f"{name} must be between {least:.3g} and {most:.3g}, what the cheapest and the "
                    f"dearest network take of UNet's {costs.unit} (0 is any), "
                    f"got {settings.target:g}"
                )
            tilted = costs.tilted(settings.target * costs.unet)
            self.net.set_prior(Choices(*map(torch.from_numpy, tilted)))
        to_channels_last(self.net, device)
        self.judge = Judge(self.net, self.sampler, selection, self.alpha_batches, settings, costs)
        every = self.net.named_parameters()  # a walk of 20 ms, so once
        self.weights = {name: p for name, p in every if name not in Supernet.ALPHAS}
        self.weight_optimiser = make_optimiser(self.weights.values(), settings.lr)
        self.alpha_optimiser = torch.optim.Adam(
            list(self.net.choices), lr=settings.alpha_lr, betas=(0.5, 0.999)
        )
        self.optimisers = {"weights": self.weight_optimiser, "alphas": self.alpha_optimiser}

    @property
    def total(self) -> int:
        return self.sampler.total

    def path(self, step: int, purpose: int) -> OpPath:
        """The sampler's draw for the alphas of now."""
        return self.sampler.path(self.net.logits, step, purpose)

    def weight_gradient(self, batch: Batch, path: OpPath) -> Tensor:
        """Loss on a batch; leaves its gradient in the weights (bf16 autocast on CUDA)."""
        blurry, sharp = to_device(batch, self.device)
        self.weight_optimiser.zero_grad(set_to_none=True)
        with torch.autocast("cuda", torch.bfloat16, enabled=self.device.type == "cuda"):
            restored = self.net(blurry, path)
        loss = psnr_loss(restored, sharp)
        loss.backward()
        for alphas in self.net.choices:
            alphas.grad = None
        self.ranks.mean_gradients(self.weights.values())
        return loss.detach()

    def alpha_gradient(self, batch: Batch, train_batch: Batch, step: int) -> Choices:
        """Gradient for the alphas on a batch of their own part, of the order asked for."""
        path = self.path(step, purpose=1)
        half = self.device.type == "cuda" and self.settings.order == 1
        pairs = {
            "valid": to_device(batch, self.device),
            "train": to_device(train_batch, self.device),
        }

        def loss_on(part: str) -> Loss:
            blurry, sharp = pairs[part]

            def loss(weights: dict[str, Tensor], alphas: Choices) -> Tensor:
                every = {**weights, **dict(zip(Supernet.ALPHAS, alphas, strict=True))}
                with torch.autocast("cuda", torch.bfloat16, enabled=half):
                    restored = functional_call(self.net, every, (blurry, path))
                found = psnr_loss(restored, sharp)
                return found + self.penalties(alphas, step) if part == "valid" else found

            return loss

        weights: Weights = {**self.weights}
        mean = self.ranks.mean
        if self.settings.order == 1:
            return first_order(loss_on("valid"), weights, self.net.choices, mean=mean)
        rate = self.weight_optimiser.param_groups[0]["lr"]
        losses = loss_on("train"), loss_on("valid")
        return second_order(*losses, weights, self.net.choices, rate, mean=mean)

    def penalties(self, alphas: Choices, step: int) -> Tensor:
        """Beta-decay (early), entropy (late) and the expected cost, each times its weight."""
        s, total = self.settings, alphas.operations.new_zeros(())
        warm = s.warmup * s.steps
        late = (step - warm) / max(1, self.total - warm)
        logits = alphas.map(torch.add, self.net.prior_choices)
        if s.beta_decay:
            total = total + s.beta_decay * (1 - late) * beta_decay(alphas)
        if s.entropy:
            total = total + s.entropy * late * entropy(logits)
        if self.costs and s.cost_weight:
            expected = self.costs.expected(*softmax(logits))
            total = total + s.cost_weight * off_target(expected, s.target * self.costs.unet)
        return total

    def epoch(self, number: int, progress: Any) -> dict[str, float]:
        """Train one epoch: a weight step, then (after the warm-up) an alpha step, and so on."""
        s = self.settings
        start, losses, gradients = number * s.steps, [], []
        stop = start + s.steps
        warm = number < s.warmup
        alpha_batches = repeat(None) if warm else self.alpha_batches.run(start, stop)
        batches = zip(self.weight_batches.run(start, stop), alpha_batches, strict=False)
        for step, (batch, alpha_batch) in enumerate(batches, start=start):
            losses.append(self.weight_gradient(batch, self.path(step, purpose=0)))
            rate = learning_rate(step, self.total, s.lr, LAST_SHARE * s.lr)
            update(self.weight_optimiser, rate)
            if alpha_batch is not None:
                found = self.alpha_gradient(alpha_batch, batch, step)
                for alphas, gradient in zip(self.net.choices, found, strict=True):
                    alphas.grad = gradient
                gradients.append(torch.cat([part.flatten() for part in found]).norm())
                self.alpha_optimiser.step()
            progress.update()
        return {
            "train_loss": self.ranks.mean(torch.stack(losses).mean()).item(),
            "alpha_gradient": sum(g.item() for g in gradients) / max(len(gradients), 1),
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
