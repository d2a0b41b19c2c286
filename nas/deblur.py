"""Deblur photos with the bundled network or your own: `python -m nas.deblur photo.jpg`."""

import errno
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import click

from blurkit.errors import FileError, SettingError, exit_codes, printable
from blurkit.files import AnyPath
from blurkit.progress import bar
from nas.checkpoint import load_model
from nas.device import pick
from nas.options import for_device, options
from nas.photos.jobs import FoundPhotos, Job, find_photos, is_model, plan
from nas.photos.restorer import DeblurSettings, Restorer

RUN_FILES = ("settings.json", "log.jsonl", "genotype.json")  # of a search or a training


@dataclass
class Summary:
    """What happened to each of several photos.

    Parameters
    ----------
    written : paths of the results
    failed : photo to the reason why it has no result
    skipped : number of photos whose result already existed
    passed : number of files ignored because they are results of earlier runs
    """

    written: list[Path] = field(default_factory=list)
    failed: dict[Path, str] = field(default_factory=dict)
    skipped: int = 0
    passed: int = 0


def deblur(
    model: AnyPath | None,
    photo: AnyPath,
    out: AnyPath | None = None,
    settings: DeblurSettings | None = None,
    *,
    device: str = "auto",
    progress: bool = True,
    before_after: bool = False,
) -> Path:
    """Restore one photo. Size, depth, alpha, EXIF and profile are preserved (docs/photos.md).

    Parameters
    ----------
    model : a model.safetensors, or the folder that contains it; None: the bundled network
        (docs/model.md)
    photo : path of an image file
    out : path of the picture to write, whose suffix selects the format, or a folder, in which it
        keeps the photo's name. None: a new file beside the photo, photo-deblurred.png
    settings : DeblurSettings; None: the defaults for the device
    device : "auto", "cpu", "cuda" or "cuda:N"
    progress : show a bar over the tiles
    before_after : also write OUT-before-after.png

    Returns
    -------
    path : of the picture

    Raises
    ------
    SettingError
        "out must be another file than the photo, got photo.png", or see `nas.photos.jobs.plan`
        and `nas.restoration.restore.restore`
    FileError
        "photo-deblurred.png: already exists; choose another --out, ...",
        "out.png: cannot be written (no folder results)", or see `load_model`,
        `nas.photos.photo.read_photo`, `write_photo` and `restore`
    """
    torch_device = pick(device)
    settings = settings or for_device(DeblurSettings, torch_device, {})
    photos = FoundPhotos({Path(photo): Path(Path(photo).name)}, False, 0)
    jobs = _plan(photos, out, settings, before_after)
    if not jobs:
        raise FileError(f"{photo}: its result already exists")
    network, _ = load_model(Path(model) if model else None, torch_device)
    Restorer(network, settings, torch_device, progress, before_after)(jobs[0], progress)
    return jobs[0].out


def deblur_all(
    model: AnyPath | None,
    photos: Iterable[AnyPath],
    out: AnyPath | None = None,
    settings: DeblurSettings | None = None,
    *,
    device: str = "auto",
    progress: bool = True,
    before_after: bool = False,
) -> Summary:
    """Restore many photos. One that fails does not stop the others.

    Parameters
    ----------
    model, settings, device, before_after : see `deblur`
    photos : files, folders (searched recursively) and patterns such as "shots/*.jpg"
    out : folder for the results, created if missing. Photos from a folder or pattern keep their
        relative paths in it. None: NAME-deblurred beside each photo
    progress : show a bar over the photos

    Raises
    ------
    SettingError, FileError
        Before any photo is restored: see `nas.photos.jobs.find_photos`, `nas.photos.jobs.plan` and
        `load_model`. Later only "out/a.png: cannot be written (No space left on device)".
    """
    torch_device = pick(device)
    settings = settings or for_device(DeblurSettings, torch_device, {})
    named = find_photos(photos, skip=Path(out) if out else None)
    jobs = _plan(named, out, settings, before_after)
    network, _ = load_model(Path(model) if model else None, torch_device)
    summary = Summary(skipped=len(named.places) - len(jobs), passed=named.ignored)
    restorer = Restorer(network, settings, torch_device, progress, before_after)
    with bar(len(jobs), "deblurring", "photo", disable=not progress) as shown:
        for job in jobs:
            shown.set_postfix_str(printable(job.photo.name), refresh=False)
            try:
                restorer(job, progress)
            except (FileError, OSError, MemoryError) as error:
                if _is_disk_full(error):
                    raise
                reason = str(error) or "not enough memory"
                summary.failed[job.photo] = reason.removeprefix(f"{job.photo}: ")
            else:
                summary.written.append(job.out)
            shown.update()
    return summary


def _plan(
    photos: FoundPhotos, out: AnyPath | None, settings: DeblurSettings, before_after: bool
) -> list[Job]:
    folder = Path(out) if out else None
    return plan(photos, folder, settings.format, settings.existing, before_after)


def _is_disk_full(error: BaseException) -> bool:
    cause = error if isinstance(error, OSError) else error.__cause__
    return isinstance(cause, OSError) and cause.errno == errno.ENOSPC


def _split(model: Path | None, paths: tuple[str, ...]) -> tuple[Path | None, list[str]]:
    """Model and photos: the first path is the model if it is one and --model is not given."""
    for path in map(Path, paths):
        if not is_model(path) and any((path / name).is_file() for name in RUN_FILES):
            raise SettingError(
                f"{path} is the folder of a search or of an unfinished training: "
                "it contains no model.safetensors"
            )
    if model is not None or not is_model(Path(paths[0])):
        return model, list(paths)
    if len(paths) == 1:
        raise SettingError(
            f"{paths[0]} is a model: add a photo, or use --model to deblur photos in that folder"
        )
    return Path(paths[0]), list(paths[1:])


@click.command()
@click.argument("paths", nargs=-1, required=True, metavar="[MODEL] PHOTO...")
@click.option(
    "--model",
    type=click.Path(exists=True, path_type=Path),
    help="model.safetensors or its folder.  [default: the bundled network]",
)
@click.option(
    "--out",
    type=click.Path(path_type=Path),
    help="File (for one photo) or folder.  [default: NAME-deblurred beside each photo]",
)
@click.option(
    "--before-after", is_flag=True, help="Also write NAME-before-after.png, side by side."
)
@click.option("--device", default="auto", show_default=True, help="One of auto, cpu, cuda, cuda:N.")
@options(DeblurSettings)
def main(
    paths: tuple[str, ...],
    model: Path | None,
    out: Path | None,
    before_after: bool,
    device: str,
    **given: Any,
) -> None:
    """Deblur photos of any size with the network in MODEL, or with the bundled one.

    PHOTO is a file, a folder (searched recursively) or a quoted pattern such as 'shots/*.jpg'. The
    first path is taken as MODEL if it is a .safetensors file or a folder with a model.safetensors.
    Depth, grey, alpha, EXIF and profile are preserved; a photo is never overwritten. Photos that
    fail are listed at the end, and the exit code is 1.
    """
    with exit_codes():
        settings = for_device(DeblurSettings, pick(device), given)
        model, photos = _split(model, paths)
        if len(photos) == 1 and Path(photos[0]).is_file() and settings.existing != "skip":
            result = deblur(
                model, photos[0], out, settings, device=device, before_after=before_after
            )
            click.echo(f"deblurred: {result}")
            if before_after:
                click.echo(f"side by side: {Job(Path(photos[0]), result).panel}")
            return
        summary = deblur_all(model, photos, out, settings, device=device, before_after=before_after)
        _report(summary)
        if summary.failed:
            raise click.exceptions.Exit(1)


def _report(summary: Summary) -> None:
    for path in summary.written:
        click.echo(f"deblurred: {printable(str(path))}")
    for photo, reason in summary.failed.items():
        click.echo(printable(f"failed: {photo}: {reason}"), err=True)
    counts = [
        f"{len(summary.written)} deblurred",
        f"{len(summary.failed)} failed" if summary.failed else "",
        f"{summary.skipped} already done" if summary.skipped else "",
        f"{summary.passed} results of earlier runs ignored" if summary.passed else "",
    ]
    click.echo(", ".join(filter(None, counts)), err=True)


if __name__ == "__main__":
    main(prog_name="python -m nas.deblur")
