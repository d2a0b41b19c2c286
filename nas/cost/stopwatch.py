"""A clock inside a network: how long each of its slots and skips takes."""

import time
from typing import Any

import torch
from torch import Tensor, nn

from nas.space.frame import LEVELS
from nas.space.genotype import CELLS, DECODER, SLOTS, Genotype
from nas.space.network import Network


class Stopwatch:
    """Records the time at marks: a clock on the CPU, events between kernels on CUDA."""

    def __init__(self, device: torch.device) -> None:
        self.device = device
        self.marks: list[Any] = []

    def mark(self) -> None:
        """Record the time."""
        if self.device.type == "cuda":
            event = torch.cuda.Event(enable_timing=True)
            event.record(torch.cuda.current_stream(self.device))
            self.marks.append(event)
        else:
            self.marks.append(time.perf_counter())

    def spans(self) -> list[float]:
        """Seconds from the first mark to the second, from the third to the fourth, and so on.

        Forgets the marks. On CUDA, synchronise the device first.
        """
        pairs = list(zip(self.marks[::2], self.marks[1::2], strict=True))
        self.marks.clear()
        if self.device.type == "cuda":
            return [1e-3 * start.elapsed_time(end) for start, end in pairs]
        return [end - start for start, end in pairs]


class Timed(nn.Module):
    """A module between two marks."""

    def __init__(self, module: nn.Module, watch: Stopwatch) -> None:
        super().__init__()
        self.module, self.watch = module, watch

    def forward(self, *args: Any) -> Tensor:
        self.watch.mark()
        out = self.module(*args)
        self.watch.mark()
        return out


def timed_parts(net: Network, watch: Stopwatch) -> Network:
    """Put marks around the 27 slots and 4 skips of a network, in place; returns it."""
    for cell in CELLS:
        net.cells[cell] = nn.Sequential(*(Timed(s, watch) for s in net.cells[cell].children()))
    for cell in DECODER:
        net.fuse[cell] = Timed(net.fuse[cell], watch)
    return net


def places(genotype: Genotype) -> list[tuple[str, int, str]]:
    """The 31 timed places in the order of their marks.

    Each is ("slot", level, operation) or ("skip", number in `DECODER`, fusion).
    """
    names = iter(genotype.flat())
    order: list[tuple[str, int, str]] = []
    for cell, level in zip(CELLS, LEVELS, strict=True):
        if cell in DECODER:
            order.append(("skip", DECODER.index(cell), genotype.fusions[cell]))
        order += [("slot", level, next(names)) for _ in range(SLOTS)]
    return order
