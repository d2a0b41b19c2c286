"""Restore photos with a network, one after the other: read, restore, write."""

import sys
from dataclasses import dataclass
from typing import Literal, get_args, get_type_hints

import torch
from tqdm import tqdm

from blurkit.errors import FileError, SettingError
from nas.options import check, setting
from nas.photos.before_after import before_after as side_by_side
from nas.photos.jobs import Job
from nas.photos.photo import check_holds, read_photo, restore_photo, write_photo
from nas.restoration.restore import restore
from nas.restoration.scales import parse_scales
from nas.restoration.tiles import check_tile


@dataclass(frozen=True)
class DeblurSettings:
    """How a photo is restored (see `nas.restoration.restore`) and written.

    Raises
    ------
    SettingError
        "overlap must be >= 0, got -1" and the like
    """

    tile: int = setting(512, "longest side passed to the network, in pixels", cuda=1280, least=1)
    overlap: int = setting(32, "overlap of neighbouring tiles, in pixels", least=0)
    scales: str = setting(
        "", 'downscaling factors of the photo, such as "1 2"; empty: those stored in the model'
    )
    format: Literal["auto", "same", "png", "jpg", "tif", "webp"] = setting(
        "auto",
        "format unless --out names a file; auto: PNG and TIFF are kept, others become PNG",
    )
    quality: int = setting(95, "quality of JPEG and WebP", least=1, most=100)
    existing: Literal["stop", "skip", "overwrite"] = setting(
        "stop", "what to do if a result already exists, unless --out names the file"
    )

    def __post_init__(self) -> None:
        check(self)
        check_tile(self.tile, self.overlap)
        parse_scales(self.scales)
        for name, allowed in get_type_hints(type(self)).items():
            if get_args(allowed) and getattr(self, name) not in get_args(allowed):
                rule = f"{name} must be one of {' '.join(get_args(allowed))}"
                raise SettingError(f"{rule}, got {getattr(self, name)}")


class Restorer:
    """Restores photos with a network. After running out of memory, smaller tiles are kept."""

    def __init__(
        self,
        network: torch.nn.Module,
        settings: DeblurSettings,
        device: torch.device,
        verbose: bool,
        before_after: bool,
    ) -> None:
        self.network, self.settings, self.device = network, settings, device
        self.tile, self.verbose, self.before_after = settings.tile, verbose, before_after

    def __call__(self, job: Job, progress: bool = False) -> None:
        before = read_photo(job.photo)
        try:
            check_holds(before, job.out.suffix.lower())
        except FileError as error:
            raise FileError(f"{job.out}: {error}") from error
        after = restore_photo(
            before,
            lambda rgb: restore(
                self.network,
                rgb,
                tile=self.tile,
                overlap=self.settings.overlap,
                scales=parse_scales(self.settings.scales),
                device=self.device,
                progress=progress,
                on_shrink=self._shrink,
            ),
        )
        job.out.parent.mkdir(parents=True, exist_ok=True)
        write_photo(job.out, after, self.settings.quality)
        if self.before_after:
            write_photo(job.panel, side_by_side(before, after))

    def _shrink(self, tile: int) -> None:
        self.tile = tile
        if self.verbose:
            text = "not enough memory for these tiles: continuing with smaller ones (--tile)"
            tqdm.write(text, file=sys.stderr)
        self.verbose = False
