"""The photos to restore, and where each result goes."""

import os
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from glob import glob, has_magic
from pathlib import Path

from blurkit.errors import FileError, SettingError
from blurkit.files import AnyPath
from blurkit.images.files import PHOTOS, check_image_name, find_images

SUFFIX, PANEL = "-deblurred", "-before-after"
LOSSLESS = (".png", ".tif", ".tiff")


@dataclass(frozen=True)
class Job:
    """A photo, and the file to write the result to."""

    photo: Path
    out: Path

    @property
    def panel(self) -> Path:
        """The picture of photo and result side by side."""
        return self.out.with_name(f"{self.out.stem}{PANEL}.png")


@dataclass(frozen=True)
class FoundPhotos:
    """The photos named by the paths of a command.

    Attributes
    ----------
    places : each photo with its path relative to the folder or pattern that named it
    several : whether the paths may name several photos
    ignored : number of results of earlier runs that were ignored
    """

    places: dict[Path, Path]
    several: bool
    ignored: int


def is_model(path: Path) -> bool:
    """A .safetensors file, or a folder that holds model.safetensors."""
    return path.suffix == ".safetensors" or (path / "model.safetensors").is_file()


def find_photos(paths: Iterable[AnyPath], skip: Path | None = None) -> FoundPhotos:
    """The photos named by files, folders and patterns, each once.

    Parameters
    ----------
    paths : files of any ending; folders, searched recursively; patterns such as "shots/*.jpg" or
        "shots/**/*.png"
        In folders and patterns, hidden files and files without a photo's ending are ignored.
        Results of earlier runs (NAME-deblurred, NAME-before-after) are ignored unless named as
        the only path.
    skip : path, optional
        The folder of the results; photos in it are ignored.

    Raises
    ------
    SettingError
        "shots/*.jpg: matches no photo", "none.jpg: no such file or folder"
    FileError
        "folder: contains no .jpg .jpeg .png .tif .tiff .webp file"
    """
    given = [os.fspath(path) for path in paths]
    places: dict[Path, Path] = {}
    ignored = 0
    for text in given:
        if not text:  # Path("") is the current folder
            raise SettingError("a path must not be empty, got ''")
        path = root = Path(text)
        if path.is_dir():
            photos = find_images(path)
        elif path.exists():
            photos, root = [path], path.parent
        elif has_magic(text):
            photos, root = _matches(text)
        else:
            raise SettingError(f"{text}: no such file or folder")
        for photo in photos:
            if _is_result(photo, root, skip) and not (path == photo and len(given) == 1):
                ignored += 1
            else:
                places[Path(os.path.abspath(photo))] = photo.relative_to(root)
    if not places:
        raise FileError(f"{' '.join(given)}: contains only results of earlier runs")
    current = Path.cwd()
    relative = {
        p.relative_to(current) if current in p.parents else p: at for p, at in places.items()
    }
    return FoundPhotos(relative, len(given) > 1 or not Path(given[0]).is_file(), ignored)


def plan(
    photos: FoundPhotos, out: Path | None, form: str, existing: str, panels: bool
) -> list[Job]:
    """Where each result goes, checked before any photo is restored.

    Parameters
    ----------
    photos : from `find_photos`
    out : a file for a single photo, else a folder in which photos keep their relative paths. None
        is NAME-deblurred beside each photo.
    form : "auto" (PNG and TIFF are kept, others become PNG), "same", "png", "jpg", "tif", "webp"
        The format if `out` is not a file name.
    existing : "stop", "skip" or "overwrite": what to do with existing results
        A file named by `out` is always replaced.
    panels : bool
        A side-by-side picture is written for each result.

    Raises
    ------
    SettingError
        "out must be a folder for several photos, got o.png",
        "out must end in .jpg with --format jpg, got o.png",
        "out must be another file than the photo, got photo.png",
        "a.jpg and a.png would both become out/a.png: use --format same to keep their endings"
    FileError
        "out/a.png: already exists; choose another --out, or --existing skip or overwrite",
        "out.png: cannot be written (no folder results)"
    """
    as_file = out is not None and not photos.several and not out.is_dir() and out.suffix != ""
    jobs = []
    for photo, place in photos.places.items():
        if out is None:
            target = photo.with_name(f"{photo.stem}{SUFFIX}{_ending(photo, form)}")
        elif as_file:
            target = check_image_name(out)
            if form not in ("auto", "same") and not _has_format(target, form):
                raise SettingError(f"out must end in .{form} with --format {form}, got {out}")
        elif out.is_file() or (out.suffix.lower() in PHOTOS and not out.is_dir()):
            raise SettingError(f"out must be a folder for several photos, got {out}")
        else:
            target = out / place.with_suffix(_ending(photo, form))
        jobs.append(Job(photo, target))
    _check_apart(jobs, panels)
    for job in jobs:
        _check_writable(job.out, make=out is not None and not as_file)
    targets = [
        path for job in jobs for path in _files(job, panels) if not (as_file and path == job.out)
    ]
    present = [path for path in targets if path.exists()]
    if present and existing == "stop":
        more = f", and so do {len(present) - 1} more" if len(present) > 1 else ""
        raise FileError(
            f"{present[0]}: already exists{more}; choose another --out, "
            "or --existing skip or overwrite"
        )
    return [job for job in jobs if as_file or not (existing == "skip" and job.out.exists())]


def _matches(pattern: str) -> tuple[list[Path], Path]:
    """The photos that a pattern matches, and the folder before its first wildcard."""
    root = Path(pattern)
    while has_magic(str(root)):
        root = root.parent
    photos: list[Path] = []
    for file in map(Path, sorted(glob(pattern, recursive=True))):
        if file.is_dir() and "**" not in pattern:
            photos += find_images(file)
        elif file.is_file() and file.suffix.lower() in PHOTOS:
            photos.append(file)
    if not photos:
        raise SettingError(f"{pattern}: matches no photo")
    return photos, root


def _is_result(photo: Path, root: Path, skip: Path | None) -> bool:
    """Whether a photo is a result: by its name, or by lying in a folder of results in the root."""
    if photo.stem.endswith((SUFFIX, PANEL)):
        return True
    if skip is None or root.resolve() not in skip.resolve().parents:
        return False
    return skip.resolve() in photo.resolve().parents


def _ending(photo: Path, form: str) -> str:
    own = photo.suffix.lower()
    if form == "same" and own in PHOTOS:
        return photo.suffix
    if form in ("auto", "same"):
        return photo.suffix if own in LOSSLESS else ".png"
    return f".{form}"


def _has_format(path: Path, form: str) -> bool:
    return path.suffix.lower().replace("jpeg", "jpg").replace("tiff", "tif") == f".{form}"


def _files(job: Job, panels: bool) -> list[Path]:
    return [job.out, job.panel] if panels else [job.out]


def _check_apart(jobs: Sequence[Job], panels: bool) -> None:
    """SettingError if two results have the same file, or a result would replace a photo."""
    photos = {_identity(job.photo) for job in jobs if job.photo.exists()}
    owner: dict[Path, Path] = {}
    for job in jobs:
        for target in _files(job, panels):
            if target.exists() and _identity(target) in photos:
                raise SettingError(f"out must be another file than the photo, got {target}")
            if target in owner:
                raise SettingError(
                    f"{owner[target]} and {job.photo} would both become {target}: "
                    "use --format same to keep their endings"
                )
            owner[target] = job.photo


def _identity(path: Path) -> tuple[int, int]:
    """The same for every link to a file."""
    status = path.stat()
    return status.st_dev, status.st_ino


def _check_writable(target: Path, make: bool) -> None:
    """FileError if a file clearly cannot be written; with `make`, its folders will be created."""
    folder = target.parent
    while make and not folder.exists() and folder != folder.parent:
        folder = folder.parent
    if not folder.is_dir():
        raise FileError(f"{target}: cannot be written (no folder {folder})")
    if target.is_dir():
        raise FileError(f"{target}: cannot be written (it is a folder)")
    if not os.access(folder, os.W_OK):
        raise FileError(f"{target}: cannot be written (Permission denied)")
