"""The modes in which `nas.latency` runs a network, each as a call without arguments.

A mode that this machine cannot run raises FileError with the reason.
"""

import copy
import warnings
from collections.abc import Callable
from functools import cache, partial
from typing import Any

import torch
from torch import Tensor, nn

from blurkit.errors import FileError
from nas.device import to_channels_last
from nas.runtime.program import (
    INPUT,
    OUTPUT,
    AnySize,
    exported,
    onnx_bytes,
    onnx_session,
    require,
)

Task = Callable[[], Tensor]


class Runner:
    """A network, prepared afresh for each mode, image and number of threads.

    Parameters
    ----------
    network : returned by `nas.runtime.program.portable`
    """

    def __init__(self, network: AnySize) -> None:
        self.network = network
        self.onnx = cache(lambda: onnx_bytes(exported(network), {}))  # on first use

    def task(self, mode: str, image: Tensor, threads: int) -> Task:
        """The call to time: one forward pass on the image, on its device.

        Parameters
        ----------
        mode : key of `MODES`
        image : (1, 3, H, W) float32, sides multiples of the stride
        threads : current number of torch's threads; also used by ONNX Runtime and compiled code

        Raises
        ------
        FileError
            "bf16 is not supported by this CPU", "torch.compile failed: InvalidCxxCompiler: ..."
        """
        return MODES[mode](self, image, threads)

    def channels_last(
        self, image: Tensor, dtype: torch.dtype = torch.float32
    ) -> tuple[nn.Module, Tensor]:
        """A copy of the network on the image's device, and the image, both channels_last."""
        module = copy.deepcopy(self.network.model).to(dtype)
        module = to_channels_last(module, image.device).eval()
        return module, image.to(dtype, memory_format=torch.channels_last)


def _eager(runner: Runner, image: Tensor, threads: int) -> Task:
    return partial(copy.deepcopy(runner.network.model).to(image.device).eval(), image)


def _channels_last(runner: Runner, image: Tensor, threads: int) -> Task:
    module, image = runner.channels_last(image)
    return partial(module, image)


def _bf16(runner: Runner, image: Tensor, threads: int) -> Task:
    """Weights and image in bfloat16, channels_last."""
    _require_bf16(image.device)
    module, image = runner.channels_last(image, torch.bfloat16)
    return partial(module, image)


def _compile(
    runner: Runner, image: Tensor, threads: int, dtype: torch.dtype = torch.float32
) -> Task:
    """Compiled for this size, channels_last. The first call, which compiles, is made here."""
    module, image = runner.channels_last(image, dtype)
    options: dict[str, Any] = {"cpp.threads": threads} if image.device.type == "cpu" else {}
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # torch's warnings to its own developers
            # fullgraph: a fallback to eager would be timed as compiled. Export first, because
            # torch.compile cannot follow some parts of `nas`.
            program = torch.export.export(module, (image,)).module()
            compiled = torch.compile(program, fullgraph=True, dynamic=False, options=options)
            compiled(image)
    except Exception as error:  # compilers fail in many ways; the other modes still run
        torch.compiler.reset()
        first = next((line.strip() for line in str(error).splitlines() if line.strip()), "")
        raise FileError(f"torch.compile failed: {type(error).__name__}: {first[:120]}") from error
    return partial(compiled, image)


def _compile_bf16(runner: Runner, image: Tensor, threads: int) -> Task:
    _require_bf16(image.device)
    return _compile(runner, image, threads, torch.bfloat16)


def _onnxruntime(runner: Runner, image: Tensor, threads: int) -> Task:
    """The exported file in ONNX Runtime, bound to the image's and output's memory: no copies."""
    kind, number = image.device.type, image.device.index or 0
    require("onnxruntime")  # before exporting
    session = onnx_session(runner.onnx(), threads, kind)
    output = torch.empty_like(image)
    binding = session.io_binding()
    shape = tuple(image.shape)
    binding.bind_input(INPUT, kind, number, "float32", shape, image.data_ptr())
    binding.bind_output(OUTPUT, kind, number, "float32", shape, output.data_ptr())
    return partial(_run_bound, session, binding, image, output)


def _run_bound(session: Any, binding: Any, image: Tensor, output: Tensor) -> Tensor:
    """`image` is passed only to keep it alive: the binding stores its address."""
    session.run_with_iobinding(binding)
    return output


def _require_bf16(device: torch.device) -> None:
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
