"""The public names and where they live; `lazy_loader` imports each when it is first used."""

from ._version import __version__ as __version__
from .camera.camera import Camera as Camera
from .camera.convolve import blur as blur
from .dataset.online import Degrade as Degrade
from .dataset.settings import SynthSettings as SynthSettings
from .dataset.shards import synth_shards as synth_shards
from .dataset.synth import synth as synth
from .dataset.transforms import (
    DegradeTransform as DegradeTransform,
)
from .dataset.transforms import (
    KernelGenerator as KernelGenerator,
)
from .dataset.verify import verify as verify
from .errors import FileError as FileError
from .errors import SettingError as SettingError
from .handheld.motion import Motion as Motion
from .handheld.motion import shaken_trajectory as shaken_trajectory
from .handheld.shake import kernel_at as kernel_at
from .handheld.shake import shake as shake
from .handheld.snapshot import snapshot as snapshot
from .importers.settings import ImportSettings as ImportSettings
from .importers.write import import_pairs as import_pairs
from .kernel.batch import kernels as kernels
from .kernel.batch import kernels_and_params as kernels_and_params
from .kernel.batch import random_walk_kernels as random_walk_kernels
from .kernel.boracchi_foi import BoracchiFoi as BoracchiFoi
from .kernel.boracchi_foi import boracchi_foi_kernel as boracchi_foi_kernel
from .kernel.boracchi_foi import boracchi_foi_trajectory as boracchi_foi_trajectory
from .kernel.defocus import Defocus as Defocus
from .kernel.defocus import defocus_kernel as defocus_kernel
from .kernel.gaussian import Gaussian as Gaussian
from .kernel.gaussian import gaussian_kernel as gaussian_kernel
from .kernel.linear import Linear as Linear
from .kernel.linear import linear_kernel as linear_kernel
from .kernel.mix import Mix as Mix
from .kernel.rasterise import rasterise as rasterise
from .kernel.tremor import Tremor as Tremor
from .kernel.tremor import tremor_kernel as tremor_kernel
from .kernel.tremor import tremor_trajectory as tremor_trajectory
from .kernel.walk import Walk as Walk
from .kernel.walk import random_walk_kernel as random_walk_kernel
from .kernel.walk import random_walk_trajectory as random_walk_trajectory
from .scenes.dead_leaves import dead_leaves as dead_leaves
from .store import PairFile as PairFile
from .store import PairSet as PairSet
