"""The cost table in multiply-accumulates: counted, not measured."""

import numpy as np
import torch

from nas.cost.table import CostTable
from nas.cost.timing import SIDE, macs
from nas.space.frame import LEVELS
from nas.space.genotype import (
    CELLS,
    DECODER,
    FUSION_NAMES,
    OPERATION_NAMES,
    SLOTS,
    WIDTHS,
    Genotype,
)
from nas.space.network import Network, build

EMPTY = Genotype(dict.fromkeys(CELLS, ("zero",) * SLOTS))
CELL_OF_LEVEL = CELLS[: len(WIDTHS)]


def macs_table(width: int, widths: tuple[int, ...] = WIDTHS, side: int = SIDE) -> CostTable:
    """Multiply-accumulates of every operation and fusion, exact for every genotype.

    Parameters
    ----------
    width, widths, side : as in `latency_table`

    Returns
    -------
    table : CostTable, in MACs as `nas.cost.timing.macs` counts them
    """

    def count(genotype: Genotype) -> int:
        with torch.device("meta"):  # shapes only
            net = Network(genotype, width).eval()
        return macs(net, side, "meta")

    def with_operation(level: int, name: str) -> Genotype:
        return Genotype(
            {**EMPTY.cells, CELL_OF_LEVEL[level]: (name, "zero", "zero")}, widths=widths
        )

    def with_fusion(cell: str, name: str) -> Genotype:
        return Genotype(EMPTY.cells, {**EMPTY.fusions, cell: name}, widths)

    with torch.device("meta"):
        unet = build("unet", width).eval()
    frame = count(with_operation(0, "zero"))
    level_costs = [
        [count(with_operation(level, name)) - frame for name in OPERATION_NAMES]
        for level in range(len(CELL_OF_LEVEL))
    ]
    skip_costs = [
        [count(with_fusion(cell, name)) - frame for name in FUSION_NAMES] for cell in DECODER
    ]
    return CostTable(
        "MACs",
        frame,
        np.array([level_costs[level] for level in LEVELS for _ in range(SLOTS)], np.float64),
        np.array(skip_costs, np.float64),
        macs(unet, side, "meta"),
        width,
        widths,
        {"side": side},
    )
