"""Scores of a supernet on the selection pairs, and the genotypes chosen by these scores."""

import time
from collections.abc import Callable, Iterator
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
from nas.strategy.budget import budget_of
from nas.strategy.evolution import evolve
from nas.strategy.penalties import entropy
from nas.strategy.perturbation import count_losses, perturb
from nas.strategy.sampler import Sampler, sample_within_budget
from nas.strategy.settings import SearchSettings
from nas.training.batches import Batches, to_device
from nas.training.distributed import current_ranks
from nas.training.loss import psnr, psnr_loss

Sample = tuple[str, tuple[NDArray[np.uint8], ...]]  # name; blurry, restored, sharp, (H, W, 3)

PAIRS = 128  # selection pairs on which a genotype is scored, at most
QUICK_PAIRS = 32  # of them, on which "sample" and "evolve" score each of their genotypes
BATCH = 32  # pairs scored at once: large batches are faster
# a search of FULL_STEPS steps chooses with these; a shorter one with fewer, in proportion
FULL_STEPS = 11_000  # of weights and of alphas
ROUNDS = 3  # of a perturbation
PROBES = 8  # batches on which a perturbation is measured
SCORED = 256  # genotypes that "evolve" scores
DRAWN = 64  # genotypes from which "sample" chooses, and with which "evolve" begins
FINALISTS = 8  # the best of them, scored on all selection pairs


class Selection:
    """Scores a supernet, and turns its alphas into a genotype within the budget.

    Parameters
    ----------
    net, sampler : of the search
    pairs : Pairs
        The selection pairs; neither weights nor alphas are trained on them.
    probes : Batches
        Of the alphas' pairs, for perturbation.
    settings : SearchSettings
    costs : CostTable
    """

    def __init__(
        self,
        net: Supernet,
        sampler: Sampler,
        pairs: Pairs,
        probes: Batches,
        settings: SearchSettings,
        costs: CostTable,
    ) -> None:
        self.net, self.sampler, self.settings, self.costs = net, sampler, settings, costs
        self.pairs, self.probes = pairs, probes
        self.budget = budget_of(settings, costs)

    @torch.no_grad()
    def psnr(
        self, path: Callable[[int], OpPath] | None, batch: int = BATCH, most: int = PAIRS
    ) -> float:
        """Mean PSNR in dB of the supernet on `most` selection pairs, on path(k) in batch k.

        Without a path: of the blurry pairs themselves.
        """
        ranks, device = current_ranks(), self.net.alphas.device
        batches = self.pairs.batches(batch, Supernet.stride, most, ranks.part)
        count = -(-min(most, len(self.pairs)) // batch)
        scores = [torch.empty(0, device=device)]  # a rank may have no batch
        for k, pairs in zip(share(count, ranks.part), batches, strict=True):
            blurry, sharp = to_device(pairs, device)
            restored = self.net(blurry, path(k)).clamp(0, 1) if path else blurry
            scores.append(psnr(restored, sharp))
        return ranks.gather(torch.cat(scores)).mean().item()

    @cached_property
    def psnr_input(self) -> float:
        """PSNR in dB of the blurry selection pairs."""
        return self.psnr(None)

    def score(self, genotype: Genotype, most: int = PAIRS) -> float:
        """PSNR in dB of the genotype's one-hot supernet on the selection pairs."""
        path = one_hot_path(genotype, self.net.alphas.device)
        return self.psnr(lambda k: path, most=most)

    @torch.no_grad()
    def samples(self, genotype: Genotype, count: int) -> list[Sample]:
        """Some selection pairs, restored by the genotype's one-hot supernet."""
        device = self.net.alphas.device
        path, samples = one_hot_path(genotype, device), []
        batches = self.pairs.batches(1, Supernet.stride, count)
        rows = (self.pairs.rows[i] for i in spread(len(self.pairs), count))
        for row, (blurry, sharp) in zip(rows, batches, strict=True):
            restored = self.net(blurry.to(device), path)
            images = [(t[0].clamp(0, 1) * 255).round().byte() for t in (blurry, restored, sharp)]
            arrays = tuple(image.permute(1, 2, 0).cpu().numpy() for image in images)
            samples.append((self.pairs.file.label(row), arrays))
        return samples

    def best_within_budget(self, scores: Choices) -> Genotype:
        """The genotype of the largest sum of scores within the budget."""
        return self.costs.within(scores.operations, scores.fusions, self.budget)

    def argmax(self) -> Genotype:
        """The genotype of the largest sum of alphas within the budget."""
        return self.best_within_budget(self.net.choices)

    def epoch_scores(self, step: int, genotype: Genotype) -> dict[str, float]:
        """PSNR of supernet and genotype, entropy of the logits, and (with a target) costs."""
        logits = self.net.logits.map(torch.detach)
        supernet = self.psnr(
            lambda k: self.sampler.path(logits, step, purpose=2 + k), self.settings.batch
        )
        one_hot = self.score(genotype)
        scores = {
            "psnr_input": self.psnr_input,
            "psnr_supernet": supernet,
            "psnr_onehot": one_hot,
            "gap": supernet - one_hot,
            "entropy": entropy(logits).item(),
        }
        if self.settings.target:
            expected = self.costs.expected(*softmax(logits)).item()
            scores["cost_expected"] = expected / self.costs.unet
            scores["cost_onehot"] = self.costs.of(genotype) / self.costs.unet
        return scores

    def _in_proportion(self, count: int, least: int = 1) -> int:
        """`count` in a search of FULL_STEPS, fewer in a shorter one."""
        s = self.settings
        steps = (2 * s.epochs - s.warmup) * s.steps
        return max(min(least, count), min(count, round(count * steps / FULL_STEPS)))

    @cached_property
    def _probe_batches(self) -> list[Batch]:
        # of the alphas' pairs, which no weight has seen, in batches and crops that are new to the
        # alphas too
        start, device = self.sampler.total, self.net.alphas.device
        count = self._in_proportion(PROBES)
        return [to_device(self.probes[start + k], device) for k in range(count)]

    @torch.no_grad()
    def loss_under(self, logits: Choices) -> float:
        """The supernet's loss under these logits, always on the same batches and noise."""
        losses = []
        for k, (blurry, sharp) in enumerate(self._probe_batches):
            path = self.sampler.path(logits, self.sampler.total - 1, purpose=1000 + k)
            losses.append(psnr_loss(self.net(blurry, path.under(logits)), sharp))
        return current_ranks().mean(torch.stack(losses).mean()).item()

    def perturbed(self, progress: bool = False) -> Genotype:
        """Discretise by perturbation (`nas.strategy.perturbation.perturb`)."""
        return perturb(
            self.net.logits.map(torch.detach),
            self.loss_under,
            self.best_within_budget,
            mixed=self.settings.sampler == "softmax",
            alphas=self.net.choices.map(torch.detach),
            rounds=self._in_proportion(ROUNDS),
            progress=progress,
        )

    def sampled(self, progress: bool = False) -> Genotype:
        """The best on the selection pairs of genotypes drawn from the logits."""
        return self._evolve(self._in_proportion(DRAWN, 8), progress)

    def evolved(self, progress: bool = False) -> Genotype:
        """The best on the selection pairs of such draws and of children of the best of them."""
        return self._evolve(self._in_proportion(SCORED, 16), progress)

    def _evolve(self, count: int, progress: bool) -> Genotype:
        rng = np.random.default_rng((self.settings.seed, 3))
        ranked = evolve(
            lambda genotype: self.score(genotype, QUICK_PAIRS),
            islice(self._draws(rng), self._in_proportion(DRAWN, 8)),
            lambda genotype: self.costs.of(genotype) <= self.budget,
            rng,
            count=count,
            progress=progress,
        )
        return max(ranked[: self._in_proportion(FINALISTS, 2)], key=self.score)

    def seconds(self) -> tuple[float, float]:
        """Estimated seconds of scoring an epoch and of choosing at the end; changes nothing."""
        s, logits, ranks = self.settings, self.net.logits.map(torch.detach), current_ranks().count
        genotype = next(self._draws(np.random.default_rng(s.seed)))
        path = one_hot_path(genotype, self.net.alphas.device)
        pairs = min(PAIRS, len(self.pairs))
        few, fewer = BATCH * ranks, s.batch * ranks  # a batch on each rank
        one_hot = _seconds_of(lambda: self.psnr(lambda k: path, most=few)) / min(few, pairs)
        supernet = _seconds_of(
            lambda: self.psnr(lambda k: self.sampler.path(logits, 0, k), s.batch, fewer)
        ) / min(fewer, pairs)
        counts = {"sample": self._in_proportion(DRAWN, 8), "argmax": 0, "perturb": 0}
        count = counts.get(s.discretise, self._in_proportion(SCORED, 16))
        choosing = one_hot * count * min(QUICK_PAIRS, pairs)
        if count:
            choosing += one_hot * self._in_proportion(FINALISTS, 2) * pairs
        if s.discretise in ("perturb", "best"):
            loss = _seconds_of(lambda: self.loss_under(logits))
            choosing += loss * count_losses(logits, self._in_proportion(ROUNDS))
        return (one_hot + supernet) * pairs, choosing

    def _draws(self, rng: np.random.Generator) -> Iterator[Genotype]:
        return sample_within_budget(self.net.logits.map(torch.detach), rng, self.costs, self.budget)


def _seconds_of(task: Callable[[], object]) -> float:
    """Seconds of a second call; the first is slower."""
    task()
    start = time.perf_counter()
    task()
    return time.perf_counter() - start
