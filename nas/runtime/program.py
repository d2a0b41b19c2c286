"""A network as a program for other runtimes: torch.export, and ONNX from it.

The program takes an image of any size: it continues it by reflection to a multiple of the network's
stride, as `nas.restoration.tiles` does, and cuts the result back. The loops over levels, slots and
skips are unrolled; nothing of `nas` is needed to run it.
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

OPSET = 20  # of ONNX's default operators; runtimes read them since 2023
INPUT, OUTPUT = "image", "restored"
SMALLEST = 17  # px: torch.export takes for granted that the lowest level has more than one place
EXAMPLE = (2, 3, 72, 88)  # shape at which the network is traced; no two sides alike, none is kept
NEEDS = "pip install 'blurkit[export]'"


class AnySize(nn.Module):
    """A network behind padding by reflection, so that every height and width will do.

    Parameters
    ----------
    model : module with an attribute ``stride``

    Shapes
    ------
    (N, 3, H, W) sRGB in [0, 1] -> (N, 3, H, W), not clamped; any H and W.

    Notes
    -----
    Rows and columns are looked up by index: `pad` and slices would tie the exported program to
    sizes that need padding, or to those that need none.

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
            places = torch.arange(total, device=image.device)
            mirrored = (side - 1) - (places - (side - 1)).abs()
            image = image.index_select(axis, mirrored.clamp(min=0))
        restored = self.model(image)
        for axis, side in ((2, height), (3, width)):
            restored = restored.index_select(axis, torch.arange(side, device=image.device))
        return restored


def portable(model: nn.Module) -> AnySize:
    """The network as it is exported: on the CPU, in eval mode, its attention over all it is given.

    The model itself is changed: where it has windows (`nas.space.frame.Frame.attend_within`) they
    go.
    """
    if isinstance(model, Frame):
        model.attend_within(None)
    plain = model.float().to("cpu", memory_format=torch.contiguous_format)  # type: ignore[call-overload]
    return AnySize(plain).eval()


def exported(model: AnySize) -> torch.export.ExportedProgram:
    """The program of `torch.export`: (N, 3, H, W) to the same shape, N >= 1, H and W >= 17."""
    free = torch.export.Dim.DYNAMIC
    with _quiet(), torch.no_grad():
        return torch.export.export(
            model,
            (torch.zeros(EXAMPLE),),
            dynamic_shapes={INPUT: {0: free, 2: free, 3: free}},
            prefer_deferred_runtime_asserts_over_guards=True,
        )


def onnx_bytes(program: torch.export.ExportedProgram, facts: Mapping[str, Any]) -> bytes:
    """An ONNX file of the program.

    Parameters
    ----------
    program : of `exported`
    facts : name to text or JSON value; they become the file's metadata_props

    Returns
    -------
    data : one file, weights inside; input "image", output "restored", both float32 of shape
        (batch, 3, height, width), all three free

    Raises
    ------
    FileError
        "ONNX cannot be written here (No module named 'onnxscript'): pip install 'blurkit[export]'"
    """
    onnx = needed("onnx")
    needed("onnxscript")
    with _quiet():
        made = torch.onnx.export(
            program,
            (),
            input_names=[INPUT],
            output_names=[OUTPUT],
            opset_version=OPSET,
            dynamo=True,
            verbose=False,
        )
    document = cast(Any, made).model_proto
    graph = document.graph
    del graph.value_info[:]  # of symbols that get names here
    for end in (*graph.input, *graph.output):
        for place, name in ((0, "batch"), (2, "height"), (3, "width")):
            end.type.tensor_type.shape.dim[place].dim_param = name
    onnx.helper.set_model_props(
        document, {k: v if isinstance(v, str) else json.dumps(v) for k, v in facts.items()}
    )
    document.producer_name = "blurkit"
    document.producer_version = str(facts.get("version", ""))
    onnx.checker.check_model(document, full_check=True)
    return document.SerializeToString()


def onnx_session(data: bytes, threads: int | None = None, device: str = "cpu") -> Any:
    """An `onnxruntime.InferenceSession` of an ONNX file's bytes.

    Parameters
    ----------
    data : bytes of `onnx_bytes`
    threads : that a node may use; ONNX Runtime's own choice if None
    device : "cpu" or "cuda"

    Raises
    ------
    FileError
        "ONNX cannot be run here (No module named 'onnxruntime'): pip install 'blurkit[export]'",
        "this ONNX Runtime has no CUDAExecutionProvider: pip install onnxruntime-gpu"
    """
    ort = needed("onnxruntime")
    provider = "CUDAExecutionProvider" if device == "cuda" else "CPUExecutionProvider"
    if provider not in ort.get_available_providers():
        raise FileError(f"this ONNX Runtime has no {provider}: pip install onnxruntime-gpu")
    options = ort.SessionOptions()
    options.log_severity_level = 3  # errors
    if threads is not None:
        options.intra_op_num_threads = threads
        # its threads would go on spinning while others are timed
        options.add_session_config_entry("session.force_spinning_stop", "1")
    return ort.InferenceSession(data, options, providers=[provider])


def needed(name: str) -> ModuleType:
    """An optional package; FileError that says how to install it where it is not there."""
    verb = "run" if name == "onnxruntime" else "written"
    try:
        return importlib.import_module(name)
    except ImportError as error:
        raise FileError(f"ONNX cannot be {verb} here ({error}): {NEEDS}") from error


@contextmanager
def _quiet() -> Iterator[None]:
    """Without torch's words to its own developers: deprecations inside it, missing torchvision."""
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
