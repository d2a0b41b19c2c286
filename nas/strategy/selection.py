"""What a supernet is worth: scores on the selection pairs, and the genotypes made from it."""

import time
from collections.abc import Callable
from functools import cached_property
from itertools import islice

import numpy as np
import torch
from numpy.typing import NDArray

from nas.cost.table import CostTable
from nas.data import Batch, Pairs, share, spread
from nas.space.genotype import Genotype
from nas.space.paths import Choices, OpPath, one_hot_path, softmax
from nas.space.supernet import Supernet
from nas.strategy.discretise import best_within, drawn, losses, perturb
from nas.strategy.evolution import evolve
from nas.strategy.penalties import entropy
from nas.strategy.sampler import Sampler
from nas.strategy.settings import SearchSettings
from nas.training.batches import Batches, to_device
from nas.training.distributed import current_ranks
from nas.training.loss import psnr, psnr_loss

Shown = tuple[str, tuple[NDArray[np.uint8], ...]]  # name; blurry, restored, sharp, (H, W, 3)

MOST_SELECTION = 128
PROBES = 8  # batches on which a perturbation is judged
DRAWS = 64  # genotypes from which "sample" chooses, and with which "evolve" begins
EVOLVED = 256  # genotypes from which "evolve" chooses, with their children


class Judge:
    """Scores a supernet, and turns its alphas into a genotype within the budget."""

    def __init__(
        self,
        net: Supernet,
        sampler: Sampler,
        selection: Pairs,
        probes: Batches,
        settings: SearchSettings,
        costs: CostTable | None,
    ) -> None:
        self.net, self.sampler, self.settings, self.costs = net, sampler, settings, costs
        self.selection, self.probes = selection, probes
        self.budget = settings.target * costs.unet if costs else 0.0

    @torch.no_grad()
    def judge(
        self, path_of_batch: Callable[[int], OpPath] | None, most: int = MOST_SELECTION
    ) -> float:
        """Mean PSNR in dB on the selection pairs; `path_of_batch(k)` is the path of batch k.

        None judges the blurry input itself. `most` pairs are looked at.
        """
        s, ranks = self.settings, current_ranks()
        batches = self.selection.batches(s.batch, Supernet.stride, most, ranks.part)
        count = -(-min(most, len(self.selection)) // s.batch)
        scores = [torch.empty(0, device=self.net.alphas.device)]  # a rank may get none
        for k, batch in zip(share(count, ranks.part), batches, strict=True):
            blurry, sharp = to_device(batch, self.net.alphas.device)
            restored = self.net(blurry, path_of_batch(k)).clamp(0, 1) if path_of_batch else blurry
            scores.append(psnr(restored, sharp))
        return ranks.gather(torch.cat(scores)).mean().item()

    @cached_property
    def psnr_input(self) -> float:
        """PSNR in dB of the blurry selection pairs themselves."""
        return self.judge(None)

    def score(self, genotype: Genotype) -> float:
        """PSNR in dB of the genotype's one-hot supernet on the selection pairs."""
        path = one_hot_path(genotype, self.net.alphas.device)
        return self.judge(lambda k: path)

    @torch.no_grad()
    def samples(self, genotype: Genotype, count: int) -> list[Shown]:
        """Some selection pairs with what the genotype's one-hot supernet makes of them."""
        path, found = one_hot_path(genotype, self.net.alphas.device), []
        batches = self.selection.batches(1, Supernet.stride, count)
        rows = (self.selection.rows[i] for i in spread(len(self.selection), count))
        for row, (blurry, sharp) in zip(rows, batches, strict=True):
            restored = self.net(blurry.to(self.net.alphas.device), path)
            images = [(t[0].clamp(0, 1) * 255).round().byte() for t in (blurry, restored, sharp)]
            arrays = tuple(image.permute(1, 2, 0).cpu().numpy() for image in images)
            found.append((self.selection.file.label(row), arrays))
        return found

    def choose(self, scores: Choices) -> Genotype:
        """The genotype of the largest sum of scores that keeps the target."""
        return best_within(scores, self.costs, self.budget, self.settings.widths)

    def genotype(self) -> Genotype:
        """The one of the largest alphas that keeps the target."""
        return self.choose(self.net.choices)

    def verdict(self, step: int, genotype: Genotype) -> dict[str, float]:
        """The epoch's scores on the selection pairs, the alphas' entropy, the expected cost."""
        logits = self.net.logits.map(torch.detach)
        supernet = self.judge(lambda k: self.sampler.path(logits, step, purpose=2 + k))
        discrete = self.score(genotype)
        scores = {
            "psnr_input": self.psnr_input,
            "psnr_supernet": supernet,
            "psnr_onehot": discrete,
            "gap": supernet - discrete,
            "entropy": entropy(logits).item(),
        }
        if self.costs:
            expected = self.costs.expected(*softmax(logits)).item()
            scores["cost_expected"] = expected / self.costs.unet
            scores["cost_onehot"] = self.costs.of(genotype) / self.costs.unet
        return scores

    @cached_property
    def _probes(self) -> list[Batch]:
        # of the alphas' pairs: the supernet's weights have seen none of them, the alphas have, but
        # not in these batches and crops
        start = self.sampler.total
        device = self.net.alphas.device
        return [to_device(self.probes[start + k], device) for k in range(PROBES)]

    @torch.no_grad()
    def loss_under(self, logits: Choices) -> float:
        """The supernet's loss under some logits: always the same batches and the same noise."""
        losses = []
        for k, (blurry, sharp) in enumerate(self._probes):
            path = self.sampler.path(logits, self.sampler.total - 1, purpose=1000 + k)
            losses.append(psnr_loss(self.net(blurry, path.under(logits)), sharp))
        return current_ranks().mean(torch.stack(losses).mean()).item()

    def perturbed(self, progress: bool = False) -> Genotype:
        """Discretise by perturbation."""
        mixed = self.settings.sampler == "softmax"
        logits, alphas = (c.map(torch.detach) for c in (self.net.logits, self.net.choices))
        asked = logits, self.loss_under, self.choose
        return perturb(*asked, mixed=mixed, alphas=alphas, progress=progress)

    def best_drawn(self, progress: bool = False) -> Genotype:
        """The best on the selection pairs of some genotypes drawn from the logits."""
        return self._evolved(DRAWS, progress)

    def evolved(self, progress: bool = False) -> Genotype:
        """The best on the selection pairs of such draws and of the children of the best."""
        return self._evolved(EVOLVED, progress)

    def _evolved(self, scored: int, progress: bool) -> Genotype:
        rng = np.random.default_rng((self.settings.seed, 3))
        logits = self.net.logits.map(torch.detach)
        draws = drawn(logits, rng, self.costs, self.budget, self.settings.widths)
        first = list(islice(draws, DRAWS))
        return evolve(self.score, first, self.fits, rng, scored=scored, progress=progress)

    def seconds(self) -> tuple[float, float]:
        """Estimated seconds of judging an epoch and of choosing at the end; changes nothing."""
        s, logits = self.settings, self.net.logits.map(torch.detach)
        rng = np.random.default_rng(s.seed)
        genotype = next(drawn(logits, rng, self.costs, self.budget, s.widths))
        path = one_hot_path(genotype, self.net.alphas.device)
        few = s.batch * current_ranks().count  # a batch on each rank
        looks = max(1.0, min(MOST_SELECTION, len(self.selection)) / few)
        one = looks * _seconds_of(lambda: self.judge(lambda k: path, few))
        mixed = looks * _seconds_of(
            lambda: self.judge(lambda k: self.sampler.path(logits, 0, k), few)
        )
        choosing = {"sample": DRAWS, "evolve": EVOLVED, "best": EVOLVED}.get(s.discretise, 0) * one
        if s.discretise in ("perturb", "best"):
            choosing += losses(logits) * _seconds_of(lambda: self.loss_under(logits))
        return one + mixed, choosing

    def fits(self, genotype: Genotype) -> bool:
        """Whether the genotype's predicted cost keeps the target."""
        return self.costs is None or self.costs.of(genotype) <= self.budget


def _seconds_of(work: Callable[[], object]) -> float:
    """Of a second time; the first one is slower."""
    work()
    start = time.perf_counter()
    work()
    return time.perf_counter() - start
