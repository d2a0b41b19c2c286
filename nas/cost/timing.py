"""What a network costs: parameters, multiply-accumulates, milliseconds."""

import statistics
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from functools import partial

import torch
from torch import Tensor, nn
from torch.utils.flop_counter import FlopCounterMode

from blurkit.progress import bar
from nas.device import keep_memory
from nas.space.operations import ChannelAttention

SIDE = 256  # side of the square input at which networks are usually compared


def parameters(model: nn.Module) -> int:
    """Number of trainable values.

    Examples
    --------
    >>> parameters(nn.Conv2d(3, 8, 3))
    224
    """
    return sum(p.numel() for p in model.parameters())


def macs(model: nn.Module, side: int = SIDE, device: torch.device | str = "cpu") -> int:
    """Multiply-accumulates of one forward pass on a (1, 3, side, side) image.

    Notes
    -----
    Half the count of `torch.utils.flop_counter`: convolutions and matrix products, without
    normalisation, activations and other element-wise work, as is usual in papers. Channel attention
    averages over the whole image, as in training.

    Examples
    --------
    >>> macs(nn.Conv2d(3, 8, 3, padding=1), side=16) == 16 * 16 * 8 * 3 * 9
    True
    """
    counter = FlopCounterMode(display=False)
    with attending_to_all([model]), counter, torch.inference_mode():
        model(image_of(side, device))
    return counter.get_total_flops() // 2


def latency(
    models: Mapping[str, nn.Module],
    side: int = SIDE,
    device: torch.device | str = "cpu",
    *,
    rounds: int = 20,
    seconds: float = 10.0,
    progress: bool = False,
) -> dict[str, float]:
    """Median time of one forward pass on one (3, side, side) image, in ms.

    Parameters
    ----------
    models : mapping of name to module
        On `device`, in eval mode. Each round times every model once, in turn, so that a machine
        that slows down slows all of them.
    rounds : int >= 1
        How often each is timed, after two passes that are not.
    seconds : float
        After three rounds, no further one starts once this time, multiplied by the number of
        models, has passed.
    progress : bool
        Show a bar over the rounds.

    Notes
    -----
    From here on the process keeps its memory (`nas.device.keep_memory`): otherwise a network's
    time would depend on those that ran before it. Channel attention averages over the whole image.
    On CUDA the clock is read after a synchronisation; it would otherwise show the time to queue the
    work.
    """
    keep_memory()
    image = image_of(side, device)
    tasks = {name: partial(model, image) for name, model in models.items()}
    with (
        attending_to_all(models.values()),
        torch.inference_mode(),
        bar(rounds, "timing", "round", disable=not progress) as shown,
    ):
        times = in_turns(
            tasks, image.device, rounds=rounds, seconds=seconds, done=lambda _: shown.update()
        )
    return {name: 1e3 * statistics.median(seconds) for name, seconds in times.items()}


@contextmanager
def attending_to_all(models: Iterable[nn.Module]) -> Iterator[None]:
    """Inside, channel attention averages over the whole image, so that costs are comparable."""
    parts = [m for model in models for m in model.modules() if isinstance(m, ChannelAttention)]
    windows = [part.window for part in parts]
    try:
        for part in parts:
            part.window = None
        yield
    finally:
        for part, window in zip(parts, windows, strict=True):
            part.window = window


def in_turns(
    tasks: Mapping[str, Callable[[], object]],
    device: torch.device,
    *,
    rounds: int,
    seconds: float,
    done: Callable[[int], object] = lambda _: None,
) -> dict[str, list[float]]:
    """Seconds of every call of each task, after two that are not timed.

    Each round calls every task once, in turn. After three rounds, no further one starts once
    `seconds` times the number of tasks have passed. `done(k)` is called after round k = 1, 2, ...
    """
    times: dict[str, list[float]] = {name: [] for name in tasks}
    for task in tasks.values():
        for _ in range(2):
            task()
    start = time.perf_counter()
    for past in range(rounds):
        if past >= 3 and time.perf_counter() - start > seconds * len(tasks):
            break
        for name, task in tasks.items():
            times[name].append(clocked(task, device))
        done(past + 1)
    return times


def timed(model: nn.Module, image: Tensor) -> float:
    """Seconds of one forward pass."""
    return clocked(partial(model, image), image.device)


def clocked(task: Callable[[], object], device: torch.device) -> float:
    """Seconds of one call, including the work that it queues on the device."""
    wait(device)
    start = time.perf_counter()
    task()
    wait(device)
    return time.perf_counter() - start


def wait(device: torch.device) -> None:
    """Wait until the device has finished its queued work."""
    if device.type == "cuda":
        torch.cuda.synchronize(device)


def image_of(side: int | tuple[int, int], device: torch.device | str) -> Tensor:
    """The (1, 3, H, W) image for measurements: uniform noise in [0, 1].

    `side`: of a square, or (H, W).
    """
    height, width = (side, side) if isinstance(side, int) else side
    noise = torch.rand(1, 3, height, width, generator=torch.Generator().manual_seed(0))
    return noise.to(device)
