"""Check a dataset file: checksums, metadata, and samples regenerated from their settings."""

import secrets
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from blurkit._version import __version__
from blurkit.dataset.samples import sample, sample_types, scan_photos
from blurkit.dataset.settings import SynthSettings
from blurkit.errors import FileError, SettingError
from blurkit.files import AnyPath
from blurkit.progress import bar
from blurkit.scenes.photos import Photos
from blurkit.store import PairFile

DELAY = 1.0  # seconds before a bar is shown
NAMED = 8  # damaged samples, or faults, named in a message


@dataclass(frozen=True)
class Verdict:
    """What is wrong with a file; `str` gives it in one line.

    Attributes
    ----------
    path : Path
    samples : int, in the file
    metadata : differences from the format outside the samples, in words
    damaged : rows whose bytes do not match their checksum, or that were never written
    again : rows that were regenerated from the settings
    different : those of them that differ from the file, each with the datasets that differ
    seed : int, which chose the rows to regenerate
    """

    path: Path
    samples: int
    metadata: tuple[str, ...]
    damaged: tuple[int, ...]
    again: tuple[int, ...] = ()
    different: tuple[str, ...] = ()
    seed: int = 0

    @property
    def sound(self) -> bool:
        return not (self.metadata or self.damaged or self.different)

    def __str__(self) -> str:
        again = f"{len(self.again):,} regenerated (seed {self.seed})"
        if self.sound:
            end = f"; {again} are identical" if self.again else ""
            return f"{self.path}: all {self.samples:,} samples are intact{end}"
        faults = []
        if self.damaged:
            faults = [f"{len(self.damaged)} of {self.samples:,} samples are damaged: "]
            faults[0] += _some([str(row) for row in self.damaged])
        if self.metadata:
            faults.append(f"its metadata differs from what blurkit writes: {_some(self.metadata)}")
        if self.different:
            faults.append(f"{len(self.different):,} of {again} differ: {_some(self.different)}")
        return f"{self.path}: {'; '.join(faults)}"


def verify(
    path: AnyPath,
    *,
    deep: int = 0,
    seed: int | None = None,
    images: str | None = None,
    progress: bool = True,
) -> Verdict:
    """Check every row of a dataset file against its checksum, and the metadata against the format.

    Parameters
    ----------
    path : of a finished dataset file
    deep : int >= 0
        Also regenerate this many samples from seed, index and settings, and compare the bytes.
    seed : int, optional
        Chooses these samples; random by default, and part of the verdict.
    images : the folder of photos, needed with `deep` if the file was made from photos
    progress : show a bar with an ETA on stderr

    Returns
    -------
    verdict : Verdict

    Raises
    ------
    SettingError
        "deep must be >= 0, got -1", "seed must be >= 0, got -1",
        "images must not be given without deep, got photos",
        "images must be given, as x.h5 was made from photos",
        "images must not be given, as x.h5 was made from generated scenes"
    FileError
        Those of `PairFile` for files that cannot be read, and with `deep`
        "x.h5: cannot be regenerated: blurkit 0.0.9 made it and its samples may differ from those
        of 0.1.0", "x.h5: cannot be regenerated: settings must be ...",
        "x.h5: cannot be regenerated: its pairs were imported, not synthesised",
        "x.h5: was made from other photos (3 photos, SHA-256 ..., not 4 photos, SHA-256 ...)"
    """
    if deep < 0:
        raise SettingError(f"deep must be >= 0, got {deep}")
    if seed is not None and seed < 0:
        raise SettingError(f"seed must be >= 0, got {seed}")
    if images is not None and not deep:
        raise SettingError(f"images must not be given without deep, got {images}")
    pairs = PairFile(path)
    settings, photos = _origin(pairs, images, progress) if deep else (None, None)
    metadata = pairs.metadata_faults() + _contradictions(pairs)
    with bar(len(pairs), "Checking", "sample", disable=not progress, delay=DELAY) as shown:
        damaged = tuple(pairs.verify(shown.update))
    if settings is None:
        return Verdict(pairs.path, len(pairs), tuple(metadata), damaged)
    chosen = secrets.randbits(32) if seed is None else seed
    draw = np.random.default_rng(chosen)
    rows = np.sort(draw.choice(len(pairs), min(deep, len(pairs)), replace=False)).tolist()
    different = []
    with bar(len(rows), "Regenerating", "sample", disable=not progress, delay=DELAY) as shown:
        for row in rows:
            different += _differences(pairs, row, settings, photos)
            shown.update()
    return Verdict(
        pairs.path, len(pairs), tuple(metadata), damaged, tuple(rows), tuple(different), chosen
    )


def _origin(
    pairs: PairFile, images: str | None, progress: bool
) -> tuple[SynthSettings, Photos | None]:
    """Settings and photos of the samples; FileError if this blurkit cannot regenerate them."""
    refused = f"{pairs.path}: cannot be regenerated"
    made_by = pairs.attributes["blurkit_version"]
    if "import" in pairs.settings:
        raise FileError(f"{refused}: its pairs were imported, not synthesised")
    try:
        settings = SynthSettings.from_stored(pairs.settings, images)
    except SettingError as error:
        raise FileError(f"{refused}: {error}") from error
    if made_by != __version__:
        raise FileError(
            f"{refused}: blurkit {made_by} made it and its samples may differ from those of "
            f"{__version__}"
        )
    label = pairs.settings["images"]
    if label is not None and images is None:
        raise SettingError(f"images must be given, as {pairs.path} was made from photos")
    if label is None and images is not None:
        raise SettingError(
            f"images must not be given, as {pairs.path} was made from generated scenes"
        )
    photos = scan_photos(settings, progress=progress)
    if photos and photos.label != label:
        raise FileError(f"{pairs.path}: was made from other photos ({label}, not {photos.label})")
    return settings, photos


def _contradictions(pairs: PairFile) -> list[str]:
    """Contradictions between a synthesised file's settings and its other attributes."""
    try:
        settings = SynthSettings.from_stored(pairs.settings)
    except SettingError:
        return []  # imported pairs have other settings
    faults = []
    if pairs.seed != settings.seed:
        faults.append(f"its seed is {pairs.seed}, in its settings {settings.seed}")
    if (pairs.start, len(pairs)) != (settings.first, settings.count):
        faults.append(
            f"its samples are {pairs.start} to {pairs.start + len(pairs) - 1}, in its settings "
            f"{settings.first} to {settings.first + settings.count - 1}"
        )
    return faults


def _differences(
    pairs: PairFile, row: int, settings: SynthSettings, photos: Photos | None
) -> list[str]:
    """Row and names of the datasets in which a regenerated sample differs; [] if it does not."""
    new = sample(settings, pairs.start + row, photos)
    wrong = []
    for name, kind in sample_types(settings, photos).items():
        if name == "crc":
            continue
        stored = getattr(pairs, name)
        same_type = stored is not None and np.dtype((stored.dtype, stored.shape[1:])) == kind
        expected = np.asarray(new[name], kind.base).tobytes()
        if not same_type or stored[row : row + 1].tobytes() != expected:
            wrong.append(f"/{name}")
    return [f"{row} ({', '.join(wrong)})"] if wrong else []


def _some(names: tuple[str, ...] | list[str]) -> str:
    return ", ".join(names[:NAMED]) + (", ..." if len(names) > NAMED else "")
