"""Camera-shake blur kernels, blurred image pairs, and the file that holds them.

Names are loaded when they are first used, so that `import blurkit` stays quick.
"""

import importlib
import sys
from types import ModuleType
from typing import TYPE_CHECKING, Any

from blurkit._version import __version__
from blurkit.errors import FileError, SettingError

if TYPE_CHECKING:
    from blurkit.blur import blur
    from blurkit.camera import Camera
    from blurkit.handheld import Motion, shaken_trajectory
    from blurkit.kernel import random_walk_kernel, random_walk_kernels
    from blurkit.online import Degrade
    from blurkit.rasterise import rasterise
    from blurkit.scenes import dead_leaves
    from blurkit.settings import SynthSettings
    from blurkit.shake import kernel_at, shake
    from blurkit.shards import synth_shards
    from blurkit.snapshot import snapshot
    from blurkit.store import PairFile, PairSet
    from blurkit.synth import synth
    from blurkit.trajectory import Walk, random_walk_trajectory
    from blurkit.transforms import KernelGenerator, Shake
    from blurkit.verify import verify

__all__ = [
    "Camera",
    "Degrade",
    "FileError",
    "KernelGenerator",
    "Motion",
    "PairFile",
    "PairSet",
    "SettingError",
    "Shake",
    "SynthSettings",
    "Walk",
    "__version__",
    "blur",
    "dead_leaves",
    "kernel_at",
    "random_walk_kernel",
    "random_walk_kernels",
    "random_walk_trajectory",
    "rasterise",
    "shake",
    "shaken_trajectory",
    "snapshot",
    "synth",
    "synth_shards",
    "verify",
]

_HOME = {
    "Camera": "blurkit.camera",
    "Degrade": "blurkit.online",
    "KernelGenerator": "blurkit.transforms",
    "Motion": "blurkit.handheld",
    "PairFile": "blurkit.store",
    "PairSet": "blurkit.store",
    "Shake": "blurkit.transforms",
    "SynthSettings": "blurkit.settings",
    "Walk": "blurkit.trajectory",
    "blur": "blurkit.blur",
    "dead_leaves": "blurkit.scenes",
    "kernel_at": "blurkit.shake",
    "random_walk_kernel": "blurkit.kernel",
    "random_walk_kernels": "blurkit.kernel",
    "random_walk_trajectory": "blurkit.trajectory",
    "rasterise": "blurkit.rasterise",
    "shake": "blurkit.shake",
    "shaken_trajectory": "blurkit.handheld",
    "snapshot": "blurkit.snapshot",
    "synth": "blurkit.synth",
    "synth_shards": "blurkit.shards",
    "verify": "blurkit.verify",
}


def __getattr__(name: str) -> Any:
    if name not in _HOME:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return vars(importlib.import_module(_HOME[name]))[name]


def __dir__() -> list[str]:
    return sorted(__all__)


class _Package(ModuleType):
    """Keeps `blurkit.blur` the function when its namesake blurkit/blur.py is imported."""

    def __setattr__(self, name: str, value: Any) -> None:
        if isinstance(value, ModuleType) and _HOME.get(name) == value.__name__:
            value = vars(value).get(name, value)
        super().__setattr__(name, value)


sys.modules[__name__].__class__ = _Package
