"""A network as a program for other runtimes: torch.export, and ONNX made from it.

The program takes images of any size: it pads them by reflection to a multiple of the network's
stride, like `nas.restoration.tiles`, and crops the result. Loops over levels, slots and skips are
unrolled; `nas` is not needed to run it.
"""

import importlib
import json
import logging
import warnings
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from types import ModuleType
from typing import Any, cast

import torch
from torch import Tensor, nn

from blurkit.errors import FileError
from nas.space.frame import Frame

OPSET = 20  # of ONNX's default operators; supported by runtimes since 2023
INPUT, OUTPUT = "image", "restored"
SMALLEST = 17  # px: torch.export assumes that the lowest level has more than one pixel
EXAMPLE = (2, 3, 72, 88)  # traced shape; sizes differ so that none is mistaken for another
INSTALL = "pip install 'blurkit[export]'"


class AnySize(nn.Module):
    """A network behind padding by reflection, so that it takes any height and width.

    Parameters
    ----------
    model : module with an attribute ``stride``

    Shapes
    ------
    (N, 3, H, W) sRGB in [0, 1] -> (N, 3, H, W), not clamped; any H and W.

    Notes
    -----
    Rows and columns are selected by index: with `pad` or slices the exported program would be
    specialised to sizes that need padding, or to sizes that do not.

    Examples
    --------
    >>> model = nn.Identity()
    >>> model.stride = 16
    >>> AnySize(model)(torch.rand(1, 3, 20, 33)).shape
    torch.Size([1, 3, 20, 33])
    """

    def __init__(self, model: nn.Module) -> None:
        super().__init__()
        self.model, self.stride = model, cast(int, model.stride)

    def forward(self, image: Tensor) -> Tensor:
        height, width = image.shape[2:]
        for axis, side in ((2, height), (3, width)):
            total = (side + self.stride - 1) // self.stride * self.stride
            indices = torch.arange(total, device=image.device)
            mirrored = (side - 1) - (indices - (side - 1)).abs()
            image = image.index_select(axis, mirrored.clamp(min=0))
        restored = self.model(image)
        for axis, side in ((2, height), (3, width)):
            restored = restored.index_select(axis, torch.arange(side, device=image.device))
        return restored


def portable(model: nn.Module) -> AnySize:
    """The network as it is exported: on the CPU, in eval mode, with attention over the whole input.

    Modifies the model: the window of its attention (`nas.space.frame.Frame.attend_within`) is
    removed, and its weights are made float32 and contiguous.
    """
    if isinstance(model, Frame):
        model.attend_within(None)
    model = model.float().to("cpu")
    for parameter in model.parameters():
        parameter.data = parameter.data.contiguous()
    return AnySize(model).eval()


def exported(model: AnySize) -> torch.export.ExportedProgram:
    """The `torch.export` program: (N, 3, H, W) to the same shape, N >= 1, H and W >= 17."""
    dynamic = torch.export.Dim.DYNAMIC
    with _quiet(), torch.no_grad():
        return torch.export.export(
            model,
            (torch.zeros(EXAMPLE),),
            dynamic_shapes={INPUT: {0: dynamic, 2: dynamic, 3: dynamic}},
            prefer_deferred_runtime_asserts_over_guards=True,
        )


def onnx_bytes(program: torch.export.ExportedProgram, facts: Mapping[str, Any]) -> bytes:
    """The program as the bytes of an ONNX file.

    Parameters
    ----------
    program : see `exported`
    facts : name to text or JSON value, stored as the file's metadata_props

    Returns
    -------
    bytes
        One file including the weights. Input "image" and output "restored" are float32 of shape
        (batch, 3, height, width); batch, height and width are dynamic.

    Raises
    ------
    FileError
        "ONNX cannot be written here (No module named 'onnxscript'): pip install 'blurkit[export]'"
    """
    onnx = require("onnx")
    require("onnxscript")
    with _quiet():
        onnx_program = torch.onnx.export(
            program,
            (),
            input_names=[INPUT],
            output_names=[OUTPUT],
            opset_version=OPSET,
            dynamo=True,
            verbose=False,
        )
    document = cast(Any, onnx_program).model_proto
    graph = document.graph
    del graph.value_info[:]  # it refers to the symbols that are renamed here
    for value in (*graph.input, *graph.output):
        for axis, name in ((0, "batch"), (2, "height"), (3, "width")):
            value.type.tensor_type.shape.dim[axis].dim_param = name
    onnx.helper.set_model_props(
        document, {k: v if isinstance(v, str) else json.dumps(v) for k, v in facts.items()}
    )
    document.producer_name = "blurkit"
    document.producer_version = str(facts.get("version", ""))
    onnx.checker.check_model(document, full_check=True)
    return document.SerializeToString()


def onnx_session(data: bytes, threads: int | None = None, device: str = "cpu") -> Any:
    """An `onnxruntime.InferenceSession` for the bytes of an ONNX file.

    Parameters
    ----------
    data : see `onnx_bytes`
    threads : number of threads; None: chosen by ONNX Runtime
    device : "cpu" or "cuda"

    Raises
    ------
    FileError
        "ONNX cannot be run here (No module named 'onnxruntime'): pip install 'blurkit[export]'",
        "this ONNX Runtime has no CUDAExecutionProvider: pip install onnxruntime-gpu"
    """
    ort = require("onnxruntime")
    provider = "CUDAExecutionProvider" if device == "cuda" else "CPUExecutionProvider"
    if provider not in ort.get_available_providers():
        raise FileError(f"this ONNX Runtime has no {provider}: pip install onnxruntime-gpu")
    options = ort.SessionOptions()
    options.log_severity_level = 3  # errors
    if threads is not None:
        options.intra_op_num_threads = threads
        # idle threads must not spin while other modes are timed
        options.add_session_config_entry("session.force_spinning_stop", "1")
    return ort.InferenceSession(data, options, providers=[provider])


def require(name: str) -> ModuleType:
    """Import an optional package; FileError that says how to install it if it is missing."""
    verb = "run" if name == "onnxruntime" else "written"
    try:
        return importlib.import_module(name)
    except ImportError as error:
        raise FileError(f"ONNX cannot be {verb} here ({error}): {INSTALL}") from error


@contextmanager
def _quiet() -> Iterator[None]:
    """Suppress torch's own deprecation warnings, and its note that torchvision is missing."""
    log = logging.getLogger("torch.onnx")
    level = log.level
    with warnings.catch_warnings():
        for kind in (DeprecationWarning, FutureWarning):
            warnings.simplefilter("ignore", kind)
        log.setLevel(logging.ERROR)
        try:
            yield
        finally:
            log.setLevel(level)
