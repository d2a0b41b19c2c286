"""What to import, checked. Has few imports, because the command takes its choices from here."""

from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Any

from blurkit.errors import SettingError

# settings that each source requires; nothing is guessed from the folder
NEEDS = {
    "gopro": ("split", "input"),
    "nafnet": ("split",),
    "list": ("list_file", "order"),
    "pairs": ("blurry", "sharp"),
    "lmdb": ("blurry", "sharp"),
}
SOURCES = tuple(NEEDS)
CHOICES = {
    "split": ("train", "test"),
    "input": ("blur", "blur_gamma"),
    "order": ("sharp-blurry", "blurry-sharp"),
}
LAYOUT = ("split", "input", "list_file", "order", "blurry", "sharp")


@dataclass(frozen=True)
class ImportSettings:
    """What decides every byte of an imported file, besides the images.

    Parameters
    ----------
    source : "gopro", "nafnet", "list", "pairs" or "lmdb"
        The layout of the folder.
    split : "train" or "test", for gopro and nafnet
    input : "blur" (linear average) or "blur_gamma", for gopro
        Which of the two blurry versions; publications differ in their choice.
    list_file : path of a text file with two paths per line, for list
    order : "sharp-blurry" or "blurry-sharp", for list
        Which of the two paths comes first.
    blurry, sharp : relative names, for pairs and lmdb
        The two folders, or the two databases.
    crop : int in 16 .. 16384, px, optional
        Side of the squares cut from each image; by default images stay whole.
    step : int in 1 .. crop, px, optional
        Distance from one square to the next; `crop` by default, so that they do not overlap.

    Raises
    ------
    SettingError
        "input must be given with gopro: blur or blur_gamma",
        "split must not be given with pairs, got train", "step must not be given without crop, got
        5", "crop must be between 16 and 16384, got 5", "step must be between 1 and crop (64), got
        65", "blurry must be a relative name without .., got ../blur",
        "blurry and sharp must differ, got blur"
    """

    source: str
    split: str | None = None
    input: str | None = None
    list_file: str | None = None
    order: str | None = None
    blurry: str | None = None
    sharp: str | None = None
    crop: int | None = None
    step: int | None = None

    def __post_init__(self) -> None:
        if self.source not in SOURCES:
            raise SettingError(f"source must be {_either(SOURCES)}, got {self.source}")
        for name in LAYOUT:
            value, word = getattr(self, name), name.removesuffix("_file")
            choices = CHOICES.get(name)
            if value is None and name in NEEDS[self.source]:
                rule = f"{word} must be given with {self.source}"
                raise SettingError(f"{rule}: {_either(choices)}" if choices else rule)
            if value is not None and name not in NEEDS[self.source]:
                raise SettingError(f"{word} must not be given with {self.source}, got {value}")
            if value is not None and choices and value not in choices:
                raise SettingError(f"{word} must be {_either(choices)}, got {value}")
            if value is not None and name in ("blurry", "sharp") and leads_out(value):
                raise SettingError(f"{word} must be a relative name without .., got {value}")
        if self.blurry is not None and PurePosixPath(self.blurry) == PurePosixPath(str(self.sharp)):
            raise SettingError(f"blurry and sharp must differ, got {self.blurry}")
        if self.crop is None:
            if self.step is not None:
                raise SettingError(f"step must not be given without crop, got {self.step}")
            return
        if not 16 <= self.crop <= 2**14:
            raise SettingError(f"crop must be between 16 and {2**14}, got {self.crop}")
        if self.step is not None and not 1 <= self.step <= self.crop:
            raise SettingError(f"step must be between 1 and crop ({self.crop}), got {self.step}")

    def stored(self) -> dict[str, Any]:
        """These settings as stored in the file: flat, without the list's path on this machine."""
        names = [name for name in NEEDS[self.source] if name != "list_file"]
        step = self.step if self.step is not None else self.crop
        flat = {name: getattr(self, name) for name in names}
        return {"import": self.source, **flat, "crop": self.crop, "step": step}


def leads_out(name: str) -> bool:
    """Whether a relative name, judged by its text alone, may lie outside its folder.

    >>> [leads_out(name) for name in ("a/b.png", "../b.png", "/b.png", "a/../b.png", "")]
    [False, True, True, True, True]
    """
    path = PurePosixPath(name)
    return not path.parts or path.is_absolute() or ".." in path.parts or "\0" in name


def _either(choices: tuple[str, ...]) -> str:
    return f"{', '.join(choices[:-1])} or {choices[-1]}"
