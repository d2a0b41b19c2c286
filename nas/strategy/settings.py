"""The settings of a search, one option each."""

from dataclasses import dataclass, fields
from typing import Literal

from blurkit.errors import SettingError
from nas.options import check, setting
from nas.space.genotype import CELLS, SLOTS, WIDTHS, check_widths
from nas.space.network import WIDEST

SHARED = ("width", "widths", "latency_target", "macs_target", "strategy", "seed")
TRAININGS = ("trainings", "randoms", "train_steps")  # what --strategy trainings has of its own


@dataclass(frozen=True)
class SearchSettings:
    """Everything that decides a search, except the data.

    Raises SettingError "epochs must be >= 1, got 0" and the like.
    """

    width: int = setting(8, "channels of the first level", cuda=32, least=1, most=WIDEST)
    widths: tuple[int, int, int, int, int] = setting(
        WIDTHS, "channels of the five levels, in units of --width"
    )
    crop: int = setting(48, "side of the training crops, in pixels", cuda=128)
    batch: int = setting(4, "pairs in a batch", cuda=32, least=1)
    epochs: int = setting(32, "number of epochs", cuda=50, least=1)
    warmup: int = setting(20, "number of first epochs that train only weights", cuda=25, least=0)
    steps: int = setting(250, "weight steps in an epoch", cuda=400, least=1)
    latency_target: float = setting(
        1.0,
        "largest latency of the network on this device, in units of UNet's at equal width; 0: any",
        least=0,
    )
    macs_target: float = setting(
        0.0, "largest MACs instead of latency, in units of UNet's; 0: any", least=0
    )
    strategy: Literal["gradient", "trainings"] = setting(
        "gradient",
        "train the alphas of a supernet (gradient), or evolve genotypes by training each of them "
        "briefly (trainings)",
    )
    trainings: int = setting(24, "genotypes that strategy trainings trains", least=2)
    randoms: int = setting(8, "random genotypes among --trainings, trained first", least=2)
    train_steps: int = setting(1000, "steps of each of the --trainings", cuda=4000, least=1)
    cost_weight: float = setting(
        1.0, "weight of |E/T - 1|, the deviation of the expected cost from the target", least=0
    )
    sampler: Literal["gumbel", "softmax"] = setting(
        "gumbel", "draw one operation per slot (gumbel, as GDAS) or mix all (softmax, as DARTS)"
    )
    sharing: Literal["weights", "none"] = setting(
        "weights", "what the operations of a slot share in the supernet"
    )
    order: Literal[1, 2] = setting(1, "order of the alphas' gradient")
    discretise: Literal["best", "argmax", "perturb", "sample", "evolve"] = setting(
        "best",
        "choice of the genotype: largest alphas of the best epoch (argmax), DARTS-PT (perturb), "
        "best of random draws (sample), evolution from them (evolve), or the best of argmax, "
        "perturb and evolve (best)",
    )
    lr: float = setting(5e-3, "highest learning rate of the weights", cuda=1e-3, least=1e-9)
    alpha_lr: float = setting(1e-2, "learning rate of the alphas", least=1e-9)
    temperature: float = setting(4.0, "initial temperature of the Gumbel sampler", least=1e-3)
    final_temperature: float = setting(1.0, "final temperature of the Gumbel sampler", least=1e-3)
    beta_decay: float = setting(
        0.0, "initial weight of beta-DARTS decay, falling to 0 (in the paper it rises)", least=0
    )
    entropy: float = setting(0.0, "final weight of the alphas' entropy, rising from 0", least=0)
    collapse: int = setting(
        25,
        "stop if one operation fills more than this many slots",
        least=1,
        most=len(CELLS) * SLOTS,
    )
    seed: int = setting(0, "seed of initial weights, batches and draws", least=0)

    def __post_init__(self) -> None:
        check(self)
        object.__setattr__(self, "widths", check_widths(self.widths))
        if self.strategy == "trainings":
            if self.randoms > self.trainings:
                raise SettingError(
                    f"randoms must be <= trainings ({self.trainings}), got {self.randoms}"
                )
            return
        if self.warmup > self.epochs:
            raise SettingError(f"warmup must be <= epochs ({self.epochs}), got {self.warmup}")
        if self.warmup == self.epochs and self.discretise == "argmax":
            raise SettingError(
                f"warmup must be < epochs ({self.epochs}), got {self.warmup}: untrained "
                "alphas have no argmax; set discretise to best, perturb, sample or evolve"
            )

    def unused(self) -> set[str]:
        """The settings of the other strategy."""
        if self.strategy == "gradient":
            return set(TRAININGS)
        return {f.name for f in fields(self)} - {*SHARED, *TRAININGS}

    @property
    def target(self) -> float:
        """The largest MACs or latency, in units of UNet's; 0: any."""
        return self.macs_target or self.latency_target
