"""Counted costs are those of whole networks."""

import pytest
import torch

from nas.cost.counted import macs_table
from nas.cost.timing import macs
from nas.space.genotype import Genotype
from nas.space.network import Network, build


@pytest.mark.parametrize("widths", [(1, 2, 4, 8, 16), (3, 2, 2, 1, 5)])
def test_counted_macs_are_those_of_the_network(widths):
    """Additive, so exact: for random genotypes, the counter says the same about the whole."""
    table = macs_table(2, widths, side=32)
    for seed in range(6):
        g = Genotype.sample(seed)
        genotype = Genotype(g.cells, g.fusions, widths)
        with torch.device("meta"):
            net = Network(genotype, 2).eval()
        assert table.of(genotype) == macs(net, 32, "meta")
    assert table.unet == macs(build("unet", 2).eval(), 32)
    assert table.unit == "MACs"
