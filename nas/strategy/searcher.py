"""Training of a supernet: weights and alphas in turn, an epoch at a time."""

import time
from itertools import repeat
from typing import Any, NamedTuple

import torch
from torch import Tensor
from torch.func import functional_call

from nas.cost.table import CostTable
from nas.data import Batch, Data, Pairs, split
from nas.device import to_channels_last
from nas.space.paths import Choices, OpPath, softmax
from nas.space.supernet import Supernet
from nas.strategy.architect import Loss, Weights, first_order, second_order
from nas.strategy.penalties import beta_decay, cost_deviation, entropy
from nas.strategy.sampler import Sampler
from nas.strategy.selection import Selection
from nas.strategy.settings import SearchSettings
from nas.training.batches import Batches, fit_crop, to_device
from nas.training.distributed import current_ranks
from nas.training.loss import psnr_loss
from nas.training.recipe import learning_rate, make_optimisers, update

SHARES = (0.6, 0.35, 0.05)  # of the pairs: weights, alphas, selection
LAST_SHARE = 0.02  # of the initial learning rate, at the end


class SearchData(NamedTuple):
    """Disjoint parts of the pairs: batches for the weights and the alphas, and selection pairs."""

    weights: Batches
    alphas: Batches
    selection: Pairs


def split_for_search(data: Data, s: SearchSettings) -> SearchData:
    """The data of a search; SettingError if batch or crop do not fit it (see `nas.training`)."""
    for_weights, for_alphas, selection = split(data, SHARES)
    crop, part = fit_crop(s.crop, for_weights, Supernet.stride), current_ranks().part
    return SearchData(
        Batches(for_weights, s.batch, crop, s.seed, part),
        Batches(for_alphas, s.batch, crop, s.seed + 1, part),
        selection,
    )


class Searcher:
    """The supernet of a search and its optimisers.

    The initial logits have the largest entropy for which the expected cost equals the budget;
    without a target they are zero.

    Parameters
    ----------
    data : SearchData
    settings : SearchSettings
    device : torch.device
    costs : CostTable
        `CostTable.free` for a search without a target.
    """

    def __init__(
        self, data: SearchData, settings: SearchSettings, device: torch.device, costs: CostTable
    ) -> None:
        self.settings, self.device, self.costs = settings, device, costs
        self.ranks = current_ranks()
        self.sampler = Sampler(settings)
        self.weight_batches, self.alpha_batches, pairs = data
        torch.manual_seed(settings.seed)
        self.net = Supernet(settings.width, settings.widths, settings.sharing == "weights")
        self.selection = Selection(
            self.net, self.sampler, pairs, self.alpha_batches, settings, costs
        )
        prior = costs.max_entropy_logits(self.selection.budget)
        self.net.set_prior(Choices(*map(torch.from_numpy, prior)))
        to_channels_last(self.net, device)
        self.weights = {  # collected once: it takes 20 ms
            name: p for name, p in self.net.named_parameters() if name not in Supernet.ALPHAS
        }
        self.weight_optimisers = make_optimisers(self.weights.values(), settings.lr)
        self.alpha_optimiser = torch.optim.Adam(
            list(self.net.choices), lr=settings.alpha_lr, betas=(0.5, 0.999)
        )
        self.optimisers = {**self.weight_optimisers, "alphas": self.alpha_optimiser}

    @property
    def total(self) -> int:
        return self.sampler.total

    def path(self, step: int, purpose: int) -> OpPath:
        """The sampler's draw for the current alphas."""
        return self.sampler.path(self.net.logits, step, purpose)

    def weight_gradient(self, batch: Batch, path: OpPath) -> Tensor:
        """Loss on a batch; its gradient is left in the weights (bf16 autocast on CUDA)."""
        blurry, sharp = to_device(batch, self.device)
        self.net.zero_grad(set_to_none=True)
        with torch.autocast("cuda", torch.bfloat16, enabled=self.device.type == "cuda"):
            restored = self.net(blurry, path)
        loss = psnr_loss(restored, sharp)
        loss.backward()
        for alphas in self.net.choices:
            alphas.grad = None
        self.ranks.mean_gradients(self.weights.values())
        return loss.detach()

    def alpha_gradient(self, batch: Batch, train_batch: Batch, step: int) -> Choices:
        """Gradient of the alphas on a batch of their own part, of order `settings.order`."""
        path = self.path(step, purpose=1)
        half = self.device.type == "cuda" and self.settings.order == 1
        pairs = {
            "valid": to_device(batch, self.device),
            "train": to_device(train_batch, self.device),
        }

        def loss_on(part: str) -> Loss:
            blurry, sharp = pairs[part]

            def loss_of(weights: dict[str, Tensor], alphas: Choices) -> Tensor:
                parameters = {**weights, **dict(zip(Supernet.ALPHAS, alphas, strict=True))}
                with torch.autocast("cuda", torch.bfloat16, enabled=half):
                    restored = functional_call(self.net, parameters, (blurry, path))
                loss = psnr_loss(restored, sharp)
                return loss + self.penalties(alphas, step) if part == "valid" else loss

            return loss_of

        weights: Weights = {**self.weights}
        mean = self.ranks.mean
        if self.settings.order == 1:
            return first_order(loss_on("valid"), weights, self.net.choices, mean=mean)
        rate = self.weight_optimisers["adamw"].param_groups[0]["lr"]
        return second_order(
            loss_on("train"), loss_on("valid"), weights, self.net.choices, rate, mean=mean
        )

    def penalties(self, alphas: Choices, step: int) -> Tensor:
        """Beta-decay (early), entropy (late) and cost deviation, each times its weight."""
        s, total = self.settings, alphas.operations.new_zeros(())
        warm = s.warmup * s.steps
        late = (step - warm) / max(1, self.total - warm)
        logits = alphas.map(torch.add, self.net.prior_choices)
        if s.beta_decay:
            total = total + s.beta_decay * (1 - late) * beta_decay(alphas)
        if s.entropy:
            total = total + s.entropy * late * entropy(logits)
        if s.cost_weight and s.target:
            expected = self.costs.expected(*softmax(logits))
            total = total + s.cost_weight * cost_deviation(expected, self.selection.budget)
        return total

    def epoch(self, number: int, progress: Any) -> dict[str, float]:
        """Train one epoch: weight steps and, after the warm-up, alpha steps in turn."""
        s = self.settings
        start, losses, norms = number * s.steps, [], []
        stop = start + s.steps
        warm = number < s.warmup
        alpha_batches = repeat(None) if warm else self.alpha_batches.run(start, stop)
        batches = zip(self.weight_batches.run(start, stop), alpha_batches, strict=False)
        for step, (batch, alpha_batch) in enumerate(batches, start=start):
            losses.append(self.weight_gradient(batch, self.path(step, purpose=0)))
            rate = learning_rate(step, self.total, s.lr, LAST_SHARE * s.lr)
            update(self.weight_optimisers, rate)
            if alpha_batch is not None:
                gradient = self.alpha_gradient(alpha_batch, batch, step)
                for alphas, part in zip(self.net.choices, gradient, strict=True):
                    alphas.grad = part
                norms.append(torch.cat([part.flatten() for part in gradient]).norm())
                self.alpha_optimiser.step()
            progress.update()
        return {
            "train_loss": self.ranks.mean(torch.stack(losses).mean()).item(),
            "alpha_gradient": sum(norm.item() for norm in norms) / max(len(norms), 1),
        }

    def seconds_per_step(self) -> tuple[float, float]:
        """Measured seconds of a weight step and of an alpha step; changes nothing."""
        batch = self.weight_batches[0]
        seconds = []
        for task in (
            lambda step: self.weight_gradient(batch, self.path(step, 0)),
            lambda step: self.alpha_gradient(batch, batch, step),
        ):
            task(0)
            start = time.perf_counter()
            for step in range(1, 4):
                task(step)
            if self.device.type == "cuda":
                torch.cuda.synchronize(self.device)
            seconds.append((time.perf_counter() - start) / 3)
        self.net.zero_grad(set_to_none=True)
        return seconds[0], seconds[1]
