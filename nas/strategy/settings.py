"""The settings of a search, one option each."""

from dataclasses import dataclass
from typing import Literal

from blurkit.errors import SettingError
from nas.options import check, setting
from nas.space.genotype import CELLS, SLOTS, WIDTHS, check_widths
from nas.space.network import WIDEST


@dataclass(frozen=True)
class SearchSettings:
    """All that decides a search, beside the data.

    Raises SettingError "epochs must be >= 1, got 0" and the like.
    """

    width: int = setting(8, "channels of the first level", cuda=32, least=1, most=WIDEST)
    widths: tuple[int, int, int, int, int] = setting(WIDTHS, "the five levels' channels, in widths")
    crop: int = setting(48, "side of the training crops, in pixels", cuda=128)
    batch: int = setting(4, "pairs in a batch", cuda=32, least=1)
    epochs: int = setting(32, "epochs in all", cuda=50, least=1)
    warmup: int = setting(20, "first epochs, which train the weights alone", cuda=25, least=0)
    steps: int = setting(250, "weight steps in an epoch", cuda=400, least=1)
    latency_target: float = setting(
        1.0, "longest time of the network, in UNet's of equal width, here; 0 is any", least=0
    )
    macs_target: float = setting(0.0, "the same in MACs, in place of the time; 0 is any", least=0)
    cost_weight: float = setting(1.0, "of |E/T - 1|, the expected cost off its target", least=0)
    sampler: Literal["gumbel", "softmax"] = setting(
        "gumbel", "one drawn operation a slot (GDAS), or all of them (DARTS)"
    )
    sharing: Literal["weights", "none"] = setting(
        "weights", "whether the operations of a slot share weights in the supernet"
    )
    order: Literal[1, 2] = setting(1, "order of the alphas' gradient")
    discretise: Literal["best", "argmax", "perturb", "sample", "evolve"] = setting(
        "best",
        "largest alphas of the best epoch; what is missed most; the best of some draws; of draws "
        "and their children; or whichever of argmax, perturb and evolve does best on the selection "
        "pairs",
    )
    lr: float = setting(2e-3, "learning rate of the weights at the start", cuda=1e-3, least=1e-9)
    alpha_lr: float = setting(1e-2, "learning rate of the alphas", least=1e-9)
    temperature: float = setting(4.0, "of the Gumbel sampler at the start", least=1e-3)
    final_temperature: float = setting(1.0, "of the Gumbel sampler at the end", least=1e-3)
    beta_decay: float = setting(
        0.0, "weight of beta-DARTS' decay, falling to 0 (theirs rises)", least=0
    )
    entropy: float = setting(0.0, "weight of the alphas' entropy, rising from 0", least=0)
    collapse: int = setting(
        25, "stop when one operation holds more of the slots", least=1, most=len(CELLS) * SLOTS
    )
    seed: int = setting(0, "decides initial weights, batches and draws", least=0)

    def __post_init__(self) -> None:
        check(self)
        object.__setattr__(self, "widths", check_widths(self.widths))
        if self.warmup > self.epochs:
            raise SettingError(f"warmup must be <= epochs ({self.epochs}), got {self.warmup}")
        if self.warmup == self.epochs and self.discretise == "argmax":
            raise SettingError(
                f"warmup must be < epochs ({self.epochs}), got {self.warmup}: alphas that are not "
                "trained have no argmax; discretise may be best, perturb, sample or evolve"
            )

    @property
    def target(self) -> float:
        """Of MACs or time, in UNet's; 0 is any."""
        return self.macs_target or self.latency_target
