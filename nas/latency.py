"""What a network costs: parameters, multiply-accumulates, milliseconds."""

import statistics
import time
from collections.abc import Mapping

import torch
from torch import Tensor, nn
from torch.utils.flop_counter import FlopCounterMode

from blurkit.progress import bar

from .device import keep_memory

SIDE = 256  # the square input at which networks of this field are compared


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
    Half of what `torch.utils.flop_counter` counts: convolutions and matrix products.
    Normalisations, activations and other element-wise work are not in it, as usual in papers.

    Examples
    --------
    >>> macs(nn.Conv2d(3, 8, 3, padding=1), side=16) == 16 * 16 * 8 * 3 * 9
    True
    """
    with FlopCounterMode(display=False) as counter, torch.inference_mode():
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
        On `device`, in eval mode. Each round times every one once, in turn, so that a machine
        that slows down slows all of them.
    rounds : int >= 1
        How often each is timed, after two passes that are not.
    seconds : float
        No further round starts after this time times the number of models, once three are done.
    progress : bool
        Show a bar over the rounds.

    Notes
    -----
    Memory is kept from here on (`nas.device.keep_memory`): a network's time would otherwise
    depend on those that ran before it. On CUDA the clock is read only after a synchronisation:
    without one it would show the time to queue the work.
    """
    keep_memory()
    image = image_of(side, device)
    times: dict[str, list[float]] = {name: [] for name in models}
    with torch.inference_mode(), bar(rounds, "timing", "round", disable=not progress) as shown:
        for model in models.values():
            for _ in range(2):
                model(image)
        start = time.perf_counter()
        for done in range(rounds):
            if done >= 3 and time.perf_counter() - start > seconds * len(models):
                break
            for name, model in models.items():
                times[name].append(timed(model, image))
            shown.update()
    return {name: 1e3 * statistics.median(each) for name, each in times.items()}


def timed(model: nn.Module, image: Tensor) -> float:
    """Seconds of one forward pass."""
    wait(image)
    start = time.perf_counter()
    model(image)
    wait(image)
    return time.perf_counter() - start


def wait(image: Tensor) -> None:
    """Until the device of the image has done all that was asked of it."""
    if image.is_cuda:
        torch.cuda.synchronize(image.device)


def image_of(side: int, device: torch.device | str) -> Tensor:
    """The (1, 3, side, side) image on which networks are measured: uniform noise in [0, 1]."""
    return torch.rand(1, 3, side, side, generator=torch.Generator().manual_seed(0)).to(device)
