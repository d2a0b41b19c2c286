"""Deblur a photo: `python -m nas.deblur photo.jpg`, with the shipped network or one of your own."""

import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import click

from blurkit.errors import FileError, SettingError, exit_codes
from blurkit.images import check_image_name, read_image, write_image

from .checkpoint import load_model
from .device import pick
from .options import check, for_device, options, setting
from .restore import restore
from .scales import parse_scales
from .tiles import check_tile

AnyPath = str | os.PathLike[str]


@dataclass(frozen=True)
class DeblurSettings:
    """How a photo is cut for the network (see `nas.restore.restore`).

    Raises SettingError "overlap must be >= 0, got -1" and the like.
    """

    tile: int = setting(512, "longest side given to the network, in pixels", cuda=1280, least=1)
    overlap: int = setting(32, "pixels that neighbouring tiles share", least=0)
    scales: str = setting("", 'by how much to reduce the photo, as "1 2"; empty: the model\'s own')

    def __post_init__(self) -> None:
        check(self)
        check_tile(self.tile, self.overlap)
        parse_scales(self.scales)


def deblur(
    model: AnyPath | None,
    photo: AnyPath,
    out: AnyPath | None = None,
    settings: DeblurSettings | None = None,
    *,
    device: str = "auto",
    progress: bool = True,
) -> Path:
    """Restore one photo; the result has its size.

    Parameters
    ----------
    model : path of a model.safetensors, or of the folder that holds it; None is the network that
        comes with the package (docs/model.md)
    photo : path of an image file
    out : path of the picture to write; its ending chooses the format. None is a new file beside the
        photo: photo-deblurred.png
    settings : DeblurSettings, the defaults for the device if None
    device : "auto", "cpu", "cuda" or "cuda:N"
    progress : show a bar over the tiles

    Returns
    -------
    path : of the picture

    Raises
    ------
    SettingError
        "out must be another file than the photo, got photo.png", or those of
        `blurkit.images.check_image_name` and `nas.restore.restore`
    FileError
        "photo-deblurred.png: is there already; --out names another file",
        "out.png: cannot be written (no folder results)", or those of `load_model`,
        `read_image`, `write_image` and `restore`
    """
    target = check_image_name(out) if out else _beside(Path(photo))
    if target.exists() and Path(photo).exists() and target.samefile(photo):
        raise SettingError(f"out must be another file than the photo, got {target}")
    if not target.parent.is_dir():
        raise FileError(f"{target}: cannot be written (no folder {target.parent})")
    if target.is_dir():
        raise FileError(f"{target}: cannot be written (it is a folder)")
    if not os.access(target.parent, os.W_OK):
        raise FileError(f"{target}: cannot be written (Permission denied)")
    where = pick(device)
    settings = settings or for_device(DeblurSettings, where, {})
    network, _ = load_model(Path(model) if model else None, where)
    restored = restore(
        network,
        read_image(photo),
        tile=settings.tile,
        overlap=settings.overlap,
        scales=parse_scales(settings.scales),
        device=where,
        progress=progress,
    )
    return write_image(target, restored)


def _beside(photo: Path) -> Path:
    target = photo.with_name(f"{photo.stem}-deblurred.png")
    if target.exists():
        raise FileError(f"{target}: is there already; --out names another file")
    return target


def _two(ctx: click.Context, param: click.Parameter, paths: tuple[Path, ...]) -> list[Path | None]:
    if len(paths) > 2:
        raise click.UsageError(f"MODEL and PHOTO are two paths, got {len(paths)}", ctx)
    if paths[-1].is_dir():
        raise click.BadParameter(f"File {str(paths[-1])!r} is a directory.", ctx, param)
    return [None, *paths][-2:]


@click.command()
@click.argument(
    "paths",
    nargs=-1,
    required=True,
    metavar="[MODEL] PHOTO",
    type=click.Path(exists=True, path_type=Path),
    callback=_two,
)
@click.option(
    "--out",
    type=click.Path(path_type=Path),
    help="Picture to write.  [default: PHOTO-deblurred.png, beside the photo]",
)
@click.option("--device", default="auto", show_default=True, help="auto, cpu, cuda or cuda:N")
@options(DeblurSettings)
def main(paths: list[Path], out: Path | None, device: str, **given: Any) -> None:
    """Deblur PHOTO, of any size, with the network of MODEL, or with the one that comes along.

    MODEL is a model.safetensors or its folder. Large photos are restored in overlapping tiles;
    the photo itself is never overwritten. The result is 8-bit RGB: alpha and finer steps of 16-bit
    photos are not kept yet.
    """
    with exit_codes():
        settings = for_device(DeblurSettings, pick(device), given)
        model, photo = paths
        path = deblur(model, photo, out, settings, device=device)
        click.echo(f"deblurred: {path}")


if __name__ == "__main__":
    main(prog_name="python -m nas.deblur")
