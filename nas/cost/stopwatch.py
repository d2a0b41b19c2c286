"""Reading the clock inside a network: how long each of its slots and skips takes."""

import time
from typing import Any

import torch
from torch import Tensor, nn

from nas.space.frame import LEVELS
from nas.space.genotype import CELLS, DECODER, SLOTS, Genotype
from nas.space.network import Network


class Stopwatch:
    """Reads the time at marks: on the CPU a clock, on CUDA events between the kernels."""

    def __init__(self, device: torch.device) -> None:
        self.device = device
        self.marks: list[Any] = []

    def mark(self) -> None:
        """Read the time now."""
        if self.device.type == "cuda":
            event = torch.cuda.Event(enable_timing=True)
            event.record(torch.cuda.current_stream(self.device))
            self.marks.append(event)
        else:
            self.marks.append(time.perf_counter())

    def spans(self) -> list[float]:
        """Seconds from the first mark to the second, from the third to the fourth, ...

        The marks are then forgotten. On CUDA the device must have been waited for.
        """
        pairs = list(zip(self.marks[::2], self.marks[1::2], strict=True))
        self.marks.clear()
        if self.device.type == "cuda":
            return [1e-3 * start.elapsed_time(end) for start, end in pairs]
        return [end - start for start, end in pairs]


class Watched(nn.Module):
    """A module between two marks."""

    def __init__(self, module: nn.Module, watch: Stopwatch) -> None:
        super().__init__()
        self.module, self.watch = module, watch

    def forward(self, *args: Any) -> Tensor:
        self.watch.mark()
        out = self.module(*args)
        self.watch.mark()
        return out


def watched(net: Network, watch: Stopwatch) -> Network:
    """The same network with marks around its 27 slots and 4 skips; it is changed in place."""
    for cell in CELLS:
        slots: Any = net.cells[cell]
        for i in range(SLOTS):
            slots[i] = Watched(slots[i], watch)
    for cell in DECODER:
        net.fuse[cell] = Watched(net.fuse[cell], watch)
    return net


def places(genotype: Genotype) -> list[tuple[str, int, str]]:
    """The 31 watched places in the order of their marks.

    Each is ("slot", its level, its operation) or ("skip", its number in `DECODER`, its fusion).
    """
    names, found = iter(genotype.flat()), []
    for cell, level in zip(CELLS, LEVELS, strict=True):
        if cell in DECODER:
            found.append(("skip", DECODER.index(cell), genotype.fusions[cell]))
        found += [("slot", level, next(names)) for _ in range(SLOTS)]
    return found
