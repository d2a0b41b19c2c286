"""The cost of a genotype, predicted by a table of the costs of each choice on one device."""

import json
import math
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray
from torch import Tensor

from blurkit.errors import FileError, SettingError
from nas.cost.knapsack import best, bounds, draw, max_entropy_slope
from nas.space.genotype import (
    CELLS,
    DECODER,
    FUSION_NAMES,
    OPERATION_NAMES,
    SLOTS,
    Genotype,
    check_widths,
)

CLOSE = 0.1  # relative error of a prediction above which there is a warning
SHAPES = {
    "operations": (len(CELLS) * SLOTS, len(OPERATION_NAMES)),
    "fusions": (len(DECODER), len(FUSION_NAMES)),
}


@dataclass(frozen=True, eq=False)
class CostTable:
    """Cost of a network as a sum: the fixed frame, 27 operations and 4 fusions.

    Parameters
    ----------
    unit : "ms" or "MACs"
        Milliseconds or multiply-accumulates for one image of the table's side.
    fixed : float
        Cost of the frame: stem, down- and upsampling, tail.
    operations : (27, 8) float64, >= 0
        Slots in the order the data flows, operations in that of `OPERATION_NAMES`.
    fusions : (4, 3) float64, >= 0
        Skips in the order of `DECODER`, fusions in that of `FUSION_NAMES`.
    unet : float
        Cost of the UNet of equal width.
    width : int
        Channels of the first level are `width` times the first of `widths`.
    widths : 5 ints
    facts : dict
        Origin of the table: device, side, versions, threads; JSON values.
    """

    unit: Literal["ms", "MACs"]
    fixed: float
    operations: NDArray[np.float64]
    fusions: NDArray[np.float64]
    unet: float
    width: int
    widths: tuple[int, ...]
    facts: dict[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if self.unit not in ("ms", "MACs"):
            raise SettingError(f"unit must be ms or MACs, got {self.unit!r}")
        for name, shape in SHAPES.items():
            array = np.array(getattr(self, name), np.float64)
            if array.shape != shape or not (np.isfinite(array) & (array >= 0)).all():
                raise SettingError(f"{name} must be {shape[0]} rows of {shape[1]} costs >= 0")
            array.flags.writeable = False
            object.__setattr__(self, name, array)
        for name in ("fixed", "unet"):
            if not 0 <= getattr(self, name) < math.inf:
                raise SettingError(f"{name} must be >= 0 and finite, got {getattr(self, name)}")
        object.__setattr__(self, "widths", check_widths(self.widths))

    @classmethod
    def free(cls, width: int, widths: tuple[int, ...]) -> "CostTable":
        """The table in which every genotype costs nothing, for a search without a target."""
        operations, fusions = (np.zeros(shape) for shape in SHAPES.values())
        return cls("MACs", 0.0, operations, fusions, 1.0, width, widths)

    def of(self, genotype: Genotype) -> float:
        """Predicted cost of the genotype's network at the table's width.

        Raises SettingError if the genotype's levels have other widths than the table's.
        """
        if genotype.widths != self.widths:
            raise SettingError(f"widths must be {self.widths}, the table's, got {genotype.widths}")
        operations = [OPERATION_NAMES.index(name) for name in genotype.flat()]
        fusions = [FUSION_NAMES.index(name) for name in genotype.flat_fusions()]
        slots = self.operations[np.arange(len(operations)), operations]
        skips = self.fusions[np.arange(len(fusions)), fusions]
        return math.fsum((self.fixed, *slots, *skips))

    def expected(self, operations: Tensor, fusions: Tensor) -> Tensor:
        """Expected cost of a network whose choices are drawn at random.

        Parameters
        ----------
        operations : (27, 8)
        fusions : (4, 3)
            Probabilities of the options; each row sums to 1.

        Returns
        -------
        cost : scalar tensor
            Linear in both, so d cost / d operations[s, o] is the cost of operation o in slot s:
            a row p = softmax(alpha) has d cost / d alpha = p * (cost of o - mean cost of the row).
        """
        slots, skips = operations.new_tensor(self.operations), fusions.new_tensor(self.fusions)
        return self.fixed + (operations * slots).sum() + (fusions * skips).sum()

    def max_entropy_logits(self, budget: float) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Logits (27, 8) and (4, 3) whose softmax has an expected cost of at most `budget`.

        They decrease linearly with the cost, which gives the largest entropy of all such logits.
        """
        costs = [*self.operations, *self.fusions]
        slope = max(0.0, max_entropy_slope(costs, budget - self.fixed))
        return 0.0 - slope * self.operations, 0.0 - slope * self.fusions  # 0.0, never -0.0

    def bounds(self) -> tuple[float, float]:
        """Predicted costs of the cheapest and the most expensive genotype."""
        cheapest, costliest = bounds([*self.operations, *self.fusions])
        return self.fixed + cheapest, self.fixed + costliest

    def within(
        self, operations: ArrayLike | Tensor, fusions: ArrayLike | Tensor, budget: float
    ) -> Genotype:
        """The best genotype within the budget, exactly (`nas.cost.knapsack.best`).

        Parameters
        ----------
        operations : (27, 8)
        fusions : (4, 3)
            Scores; a genotype's is the sum over its choices. Minus infinity forbids a choice.
        budget : float
            For the whole network; may be infinite.

        Raises
        ------
        SettingError
            "cost must be >= 5.1 ms, that of the cheapest genotype allowed, got 4.0"
        """
        costs = [*self.operations, *self.fusions]
        scores = [*_rows(operations), *_rows(fusions)]
        options = best(costs, scores, budget - self.fixed)
        if options is None:
            allowed = [c[np.isfinite(s)] for c, s in zip(costs, scores, strict=True)]
            least = self.fixed + sum(c.min() if len(c) else math.inf for c in allowed)
            raise SettingError(
                f"cost must be >= {self._shown(least)}, that of the cheapest genotype allowed, "
                f"got {budget:.4g}"
            )
        return self._genotype(options)

    def sample(self, seed: int, low: float, high: float) -> Genotype:
        """A random genotype of a predicted cost in [low, high], uniform over all such genotypes.

        Parameters
        ----------
        seed : int
            The same seed gives the same genotype.
        low, high : float
            For the whole network.

        Raises
        ------
        SettingError
            "cost must be between 5.1 ms and 80.3 ms, those of the cheapest and the most expensive
            genotype, got 1 to 2"; "no genotype was found to cost 7.5 to 7.5001 ms"; low > high
        """
        if not low <= high:
            raise SettingError(f"low must be <= high, got {low:.4g} and {high:.4g}")
        cheapest, costliest = self.bounds()
        if high < cheapest or low > costliest:
            raise SettingError(
                f"cost must be between {self._shown(cheapest)} and {self._shown(costliest)}, those "
                f"of the cheapest and the most expensive genotype, got {low:.4g} to {high:.4g}"
            )
        costs = [*self.operations, *self.fusions]
        options = draw(costs, low - self.fixed, high - self.fixed, seed)
        if options is None:
            raise SettingError(f"no genotype was found to cost {low:.6g} to {high:.6g} {self.unit}")
        return self._genotype(options)

    def _genotype(self, options: list[int]) -> Genotype:
        slots = len(self.operations)
        names = [OPERATION_NAMES[i] for i in options[:slots]]
        return Genotype.from_flat(names, [FUSION_NAMES[i] for i in options[slots:]], self.widths)

    def _shown(self, cost: float) -> str:
        return f"{cost:.4g} {self.unit}"

    def to_json(self) -> str:
        """The text of the table's file."""
        return json.dumps(self.to_dict()) + "\n"

    @classmethod
    def load(cls, path: Path) -> "CostTable":
        """Read a table's file; FileError if it is not one."""
        try:
            return cls.from_dict(json.loads(path.read_text(encoding="utf-8")))
        except (OSError, ValueError, TypeError, LookupError, RecursionError) as error:
            raise FileError(f"{path}: not a table of costs ({error})") from error

    def to_dict(self) -> dict[str, Any]:
        """The table as JSON values."""
        return {
            "unit": self.unit,
            "fixed": self.fixed,
            "operations": self.operations.tolist(),
            "fusions": self.fusions.tolist(),
            "unet": self.unet,
            "width": self.width,
            "widths": list(self.widths),
            "facts": self.facts,
        }

    @classmethod
    def from_dict(cls, document: Any) -> "CostTable":
        """The inverse of `to_dict`; SettingError if the document is not a table."""
        try:
            return cls(**document)
        except (TypeError, ValueError) as error:
            raise SettingError(f"not a table of costs: {error}") from error


def _rows(scores: ArrayLike | Tensor) -> NDArray[np.float64]:
    if isinstance(scores, Tensor):
        scores = scores.detach().cpu().numpy()
    return np.asarray(scores, np.float64)
