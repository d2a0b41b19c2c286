"""The ways to run a network that `nas.latency` times, each as a call without arguments.

A mode that this machine cannot run raises FileError with the reason.
"""

import copy
import warnings
from collections.abc import Callable
from functools import cache, partial
from typing import Any, cast

import torch
from torch import Tensor, nn

from blurkit.errors import FileError
from nas.runtime.program import INPUT, OUTPUT, AnySize, exported, needed, onnx_bytes, onnx_session

Task = Callable[[], Tensor]


class Runner:
    """A network, prepared anew for each mode, image and number of threads.

    Parameters
    ----------
    plain : of `nas.runtime.program.portable`
    """

    def __init__(self, plain: AnySize) -> None:
        self.plain = plain
        self.onnx = cache(lambda: onnx_bytes(exported(plain), {}))  # once, when it is asked for

    def task(self, mode: str, image: Tensor, threads: int) -> Task:
        """What is timed: one forward pass on the image, on its device, in the mode.

        Parameters
        ----------
        mode : one of `MODES`
        image : (1, 3, H, W) float32, sides multiples of the stride
        threads : those of torch now; ONNX Runtime and compiled code get as many

        Raises
        ------
        FileError
            "bf16 is not supported by this CPU", "torch.compile failed: InvalidCxxCompiler: ..."
        """
        return MODES[mode](self, image, threads)

    def module(self, device: torch.device, **to: Any) -> nn.Module:
        """A copy of the network on a device."""
        return copy.deepcopy(self.plain.model).to(device, **to).eval()


def _eager(runner: Runner, image: Tensor, threads: int) -> Task:
    return partial(runner.module(image.device), image)


def _channels_last(runner: Runner, image: Tensor, threads: int) -> Task:
    last = torch.channels_last
    return partial(runner.module(image.device, memory_format=last), image.to(memory_format=last))


def _bf16(runner: Runner, image: Tensor, threads: int) -> Task:
    """Weights and image in bfloat16, channels_last."""
    _need_bf16(image.device)
    how: dict[str, Any] = {"dtype": torch.bfloat16, "memory_format": torch.channels_last}
    return partial(runner.module(image.device, **how), image.to(**how))


def _compiled(task: partial[Tensor], threads: int) -> Task:
    """The task with its network compiled for this size; its first call is made here."""
    module, image = cast(nn.Module, task.func), task.args[0]
    options: dict[str, Any] = {"cpp.threads": threads} if image.device.type == "cpu" else {}
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # torch's words to its own developers
            # whole or not at all: what falls back to eager would be timed as compiled, hence the
            # program, without the parts of `nas` that torch.compile cannot follow
            program = torch.export.export(module, (image,)).module()
            compiled = torch.compile(program, fullgraph=True, dynamic=False, options=options)
            compiled(image)
    except Exception as error:  # whatever a compiler lacks is a reason, and the others go on
        torch.compiler.reset()
        first = next((line.strip() for line in str(error).splitlines() if line.strip()), "")
        raise FileError(f"torch.compile failed: {type(error).__name__}: {first[:120]}") from error
    return partial(compiled, image)


def _compile(runner: Runner, image: Tensor, threads: int) -> Task:
    return _compiled(_channels_last(runner, image, threads), threads)  # type: ignore[arg-type]


def _compile_bf16(runner: Runner, image: Tensor, threads: int) -> Task:
    return _compiled(_bf16(runner, image, threads), threads)  # type: ignore[arg-type]


def _onnxruntime(runner: Runner, image: Tensor, threads: int) -> Task:
    """The exported file in ONNX Runtime; image and result stay where they are, uncopied."""
    kind, number = image.device.type, image.device.index or 0
    needed("onnxruntime")  # before the work
    session = onnx_session(runner.onnx(), threads, kind)
    out = torch.empty_like(image)
    binding = session.io_binding()
    shape = tuple(image.shape)
    binding.bind_input(INPUT, kind, number, "float32", shape, image.data_ptr())
    binding.bind_output(OUTPUT, kind, number, "float32", shape, out.data_ptr())

    def task() -> Tensor:
        session.run_with_iobinding(binding)
        return out

    task.keeps = image  # type: ignore[attr-defined]  # the binding holds but its address
    return task


def _need_bf16(device: torch.device) -> None:
    if device.type == "cuda":
        if not torch.cuda.is_bf16_supported(including_emulation=False):
            raise FileError(f"bf16 is not supported by {torch.cuda.get_device_name(device)}")
    elif not torch.ops.mkldnn._is_mkldnn_bf16_supported():
        raise FileError("bf16 is not supported by this CPU")


MODES: dict[str, Callable[[Runner, Tensor, int], Task]] = {
    "eager": _eager,
    "channels_last": _channels_last,
    "torch.compile": _compile,
    "ONNX Runtime": _onnxruntime,
    "bf16": _bf16,
    "bf16, torch.compile": _compile_bf16,
}
