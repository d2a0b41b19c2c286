"""Shared weights serve every operation of a slot."""

import torch
from making_search import stir

from nas.space.operations import (
    OPERATIONS,
)
from nas.space.weight_sharing import SharedOps


def test_shared_weights_are_each_operation_and_no_more_than_the_largest():
    shared = stir(SharedOps(4))
    x = torch.rand(1, 4, 8, 8)
    for name, make in OPERATIONS.items():
        own = make(4)
        own.load_state_dict(shared.weights_of(name))
        torch.testing.assert_close(shared(name, x), own(x))
    count = {
        name: sum(p.numel() for p in make(4).parameters()) for name, make in OPERATIONS.items()
    }
    attention = count["dw3_attn"] - count["dw3"]
    held = sum(p.numel() for p in shared.parameters())
    assert held == count["conv3"] + count["dw7"] + attention
    # the middle of the 7x7 kernel is the 3x3 one
    wide, narrow = (shared.weights_of(name)["2.weight"] for name in ("dw7", "dw3"))
    assert torch.equal(wide[..., 2:5, 2:5], narrow)
