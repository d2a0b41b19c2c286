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
    from blurkit.draw import kernels, kernels_and_params
    from blurkit.families import BoracchiFoi, Defocus, Gaussian, Linear, Tremor
    from blurkit.handheld import Motion, shaken_trajectory
    from blurkit.importers.settings import ImportSettings
    from blurkit.importers.write import import_pairs
    from blurkit.kernel import random_walk_kernel, random_walk_kernels
    from blurkit.lens import defocus_kernel, gaussian_kernel
    from blurkit.mix import Mix
    from blurkit.motion import (
        boracchi_foi_kernel,
        boracchi_foi_trajectory,
        linear_kernel,
        tremor_kernel,
        tremor_trajectory,
    )
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
    from blurkit.transforms import DegradeTransform, KernelGenerator
    from blurkit.verify import verify

__all__ = [
    "BoracchiFoi",
    "Camera",
    "Defocus",
    "Degrade",
    "DegradeTransform",
    "FileError",
    "Gaussian",
    "ImportSettings",
    "KernelGenerator",
    "Linear",
    "Mix",
    "Motion",
    "PairFile",
    "PairSet",
    "SettingError",
    "SynthSettings",
    "Tremor",
    "Walk",
    "__version__",
    "blur",
    "boracchi_foi_kernel",
    "boracchi_foi_trajectory",
    "dead_leaves",
    "defocus_kernel",
    "gaussian_kernel",
    "import_pairs",
    "kernel_at",
    "kernels",
    "kernels_and_params",
    "linear_kernel",
    "random_walk_kernel",
    "random_walk_kernels",
    "random_walk_trajectory",
    "rasterise",
    "shake",
    "shaken_trajectory",
    "snapshot",
    "synth",
    "synth_shards",
    "tremor_kernel",
    "tremor_trajectory",
    "verify",
]

_HOME = {
    "BoracchiFoi": "blurkit.families",
    "Camera": "blurkit.camera",
    "Defocus": "blurkit.families",
    "Degrade": "blurkit.online",
    "Gaussian": "blurkit.families",
    "ImportSettings": "blurkit.importers.settings",
    "KernelGenerator": "blurkit.transforms",
    "Linear": "blurkit.families",
    "Mix": "blurkit.mix",
    "Motion": "blurkit.handheld",
    "PairFile": "blurkit.store",
    "PairSet": "blurkit.store",
    "DegradeTransform": "blurkit.transforms",
    "SynthSettings": "blurkit.settings",
    "Tremor": "blurkit.families",
    "Walk": "blurkit.trajectory",
    "blur": "blurkit.blur",
    "boracchi_foi_kernel": "blurkit.motion",
    "boracchi_foi_trajectory": "blurkit.motion",
    "dead_leaves": "blurkit.scenes",
    "defocus_kernel": "blurkit.lens",
    "gaussian_kernel": "blurkit.lens",
    "kernels": "blurkit.draw",
    "kernels_and_params": "blurkit.draw",
    "linear_kernel": "blurkit.motion",
    "import_pairs": "blurkit.importers.write",
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
    "tremor_kernel": "blurkit.motion",
    "tremor_trajectory": "blurkit.motion",
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
