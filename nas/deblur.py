"""Deblur photos: `python -m nas.deblur photo.jpg`, with the shipped network or one of your own."""

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
from nas.photos.jobs import Found, Job, find_photos, is_model, plan
from nas.photos.restorer import DeblurSettings, Restorer

RUN_FILES = ("settings.json", "log.jsonl", "genotype.json")  # of searches and trainings


@dataclass
class Summary:
    """What became of several photos.

    Parameters
    ----------
    written : paths of the results
    failed : photo to the reason why there is no result of it
    skipped : photos whose result was there already
    passed : files passed over because they are results of earlier runs
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
    """Restore one photo; the result has its size, depth, alpha, EXIF and profile (docs/photos.md).

    Parameters
    ----------
    model : path of a model.safetensors, or of the folder that holds it; None is the network that
        comes with the package (docs/model.md)
    photo : path of an image file
    out : path of the picture to write; its ending chooses the format. A folder takes it under the
        photo's name. None is a new file beside the photo: photo-deblurred.png
    settings : DeblurSettings, the defaults for the device if None
    device : "auto", "cpu", "cuda" or "cuda:N"
    progress : show a bar over the tiles
    before_after : write OUT-before-after.png as well

    Returns
    -------
    path : of the picture

    Raises
    ------
    SettingError
        "out must be another file than the photo, got photo.png", or those of `nas.photos.jobs.plan`
        and `nas.restoration.restore.restore`
    FileError
        "photo-deblurred.png: is there already; --out names another place, ...",
        "out.png: cannot be written (no folder results)", or those of `load_model`,
        `nas.photos.photo.read_photo`, `write_photo` and `restore`
    """
    where = pick(device)
    settings = settings or for_device(DeblurSettings, where, {})
    found = Found({Path(photo): Path(Path(photo).name)}, False, 0)
    jobs = _planned(found, out, settings, before_after)
    if not jobs:
        raise FileError(f"{photo}: its result is there already")
    network, _ = load_model(Path(model) if model else None, where)
    Restorer(network, settings, where, progress, before_after)(jobs[0], progress)
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
    """Restore many photos; one that cannot be restored does not keep the others from it.

    Parameters
    ----------
    model, settings, device, before_after : as for `deblur`
    photos : files, folders (with all below them) and patterns such as "shots/*.jpg"
    out : folder of the results, made if need be, in which those of a folder or a pattern keep
        their places below it. None puts each beside its photo: NAME-deblurred.
    progress : show a bar over the photos

    Raises
    ------
    SettingError, FileError
        before the work: those of `nas.photos.jobs.find_photos`, `nas.photos.jobs.plan` and
        `load_model`; "out/a.png: cannot be written (No space left on device)" in the midst of it
    """
    where = pick(device)
    settings = settings or for_device(DeblurSettings, where, {})
    found = find_photos(photos, skip=Path(out) if out else None)
    jobs = _planned(found, out, settings, before_after)
    network, _ = load_model(Path(model) if model else None, where)
    summary = Summary(skipped=len(found.places) - len(jobs), passed=found.passed)
    work = Restorer(network, settings, where, progress, before_after)
    with bar(len(jobs), "deblurring", "photo", disable=not progress) as shown:
        for job in jobs:
            shown.set_postfix_str(printable(job.photo.name), refresh=False)
            try:
                work(job, progress)
            except (FileError, OSError, MemoryError) as error:
                cause = error if isinstance(error, OSError) else error.__cause__
                if getattr(cause, "errno", None) == errno.ENOSPC:
                    raise
                why = str(error) or "not enough memory"
                summary.failed[job.photo] = why.removeprefix(f"{job.photo}: ")
            else:
                summary.written.append(job.out)
            shown.update()
    return summary


def _planned(
    found: Found, out: AnyPath | None, settings: DeblurSettings, before_after: bool
) -> list[Job]:
    folder = Path(out) if out else None
    return plan(found, folder, settings.format, settings.existing, before_after)


def _split(model: Path | None, paths: tuple[str, ...]) -> tuple[Path | None, list[str]]:
    """The model and the photos: a first path that is a model is it, if --model is not given."""
    for path in map(Path, paths):
        if not is_model(path) and any((path / name).is_file() for name in RUN_FILES):
            raise SettingError(
                f"{path} is the folder of a search, or of a training that is not finished: "
                "it holds no model.safetensors"
            )
    if model is not None or not is_model(Path(paths[0])):
        return model, list(paths)
    if len(paths) == 1:
        raise SettingError(
            f"{paths[0]} is a model: name a photo as well, or --model for photos in that folder"
        )
    return Path(paths[0]), list(paths[1:])


@click.command()
@click.argument("paths", nargs=-1, required=True, metavar="[MODEL] PHOTO...")
@click.option(
    "--model",
    type=click.Path(exists=True, path_type=Path),
    help="model.safetensors, or its folder.  [default: the network that comes along]",
)
@click.option(
    "--out",
    type=click.Path(path_type=Path),
    help="File for one photo, folder for several.  [default: NAME-deblurred beside each photo]",
)
@click.option(
    "--before-after", is_flag=True, help="Also write NAME-before-after.png, side by side."
)
@click.option("--device", default="auto", show_default=True, help="auto, cpu, cuda or cuda:N")
@options(DeblurSettings)
def main(
    paths: tuple[str, ...],
    model: Path | None,
    out: Path | None,
    before_after: bool,
    device: str,
    **given: Any,
) -> None:
    """Deblur photos of any size, with the network of MODEL, or with the one that comes along.

    PHOTO is a file, a folder (with all below it) or a quoted pattern such as 'shots/*.jpg'. A first
    path that is a .safetensors file, or a folder that holds model.safetensors, is the MODEL.
    Depth, grey, alpha, EXIF and profile are kept, and no photo is ever overwritten. Of several
    photos, those that fail are listed at the end, and the exit code is 1.
    """
    with exit_codes():
        settings = for_device(DeblurSettings, pick(device), given)
        chosen, photos = _split(model, paths)
        how: dict[str, Any] = {"device": device, "before_after": before_after}
        if len(photos) == 1 and Path(photos[0]).is_file() and settings.existing != "skip":
            result = deblur(chosen, photos[0], out, settings, **how)
            click.echo(f"deblurred: {result}")
            if before_after:
                click.echo(f"side by side: {Job(Path(photos[0]), result).panel}")
            return
        summary = deblur_all(chosen, photos, out, settings, **how)
        _report(summary)
        if summary.failed:
            raise click.exceptions.Exit(1)


def _report(summary: Summary) -> None:
    for path in summary.written:
        click.echo(f"deblurred: {printable(str(path))}")
    for photo, why in summary.failed.items():
        click.echo(printable(f"failed: {photo}: {why}"), err=True)
    counts = [
        f"{len(summary.written)} deblurred",
        f"{len(summary.failed)} failed" if summary.failed else "",
        f"{summary.skipped} there already" if summary.skipped else "",
        f"{summary.passed} results of earlier runs passed over" if summary.passed else "",
    ]
    click.echo(", ".join(filter(None, counts)), err=True)


if __name__ == "__main__":
    main(prog_name="python -m nas.deblur")
