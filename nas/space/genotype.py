"""The genotype: operations of the nine cells, fusions of the skips, widths; a small JSON file."""

import json
import random
import reprlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from blurkit.errors import FileError, SettingError
from nas.files import each_once

FORMAT = "blurkit-genotype"
FORMAT_VERSION = 1
SPACE = "unet9-2"  # renamed whenever cells, slots or the meaning of a choice change
FIRST_SPACE = "unet9-1"  # of 0.1 and 0.2, still read: all fusions add, default widths

CELLS = ("enc1", "enc2", "enc3", "enc4", "middle", "dec4", "dec3", "dec2", "dec1")
DECODER = CELLS[5:]  # the cells that a skip joins
SLOTS = 3
WIDTHS = (1, 2, 4, 8, 16)  # of the five levels, in units of the network's width
WIDEST_LEVEL = 64
LONGEST = 2**16  # bytes of a file; a genotype takes about 1,000
OPERATION_NAMES = (
    "zero",
    "conv3",
    "conv3_dilated",
    "dw3",
    "dw3_attn",
    "dw5_attn",
    "dw7",
    "ff",
)
FUSION_NAMES = ("add", "concat", "gated")


@dataclass(frozen=True)
class Genotype:
    """One architecture of the space: 9 cells of 3 operations each, 4 fusions, 5 widths.

    Parameters
    ----------
    cells : mapping of cell name to 3 operation names, in the order they are applied
        Exactly the cells of `CELLS`; operations of `OPERATION_NAMES`.
    fusions : mapping of decoder cell to fusion name, optional
        How the skip joins before that cell: exactly the cells of `DECODER`, names of
        `FUSION_NAMES`. All "add" by default.
    widths : 5 ints in 1 .. 64, optional
        Channels of the levels, from full size down, in units of the network's width.

    Raises
    ------
    SettingError
        "cell enc1, slot 2: operation must be one of zero, conv3, ..., got 'maxpool'";
        "fusion of dec1 must be one of add, concat, gated, got 'max'";
        "widths must be 5 whole numbers in 1 .. 64, got [1, 2]"

    Examples
    --------
    >>> g = Genotype({cell: ("conv3", "zero", "ff") for cell in CELLS})
    >>> Genotype.from_dict(g.to_dict()) == g
    True
    """

    cells: Mapping[str, tuple[str, ...]]
    fusions: Mapping[str, str] = field(default_factory=lambda: dict.fromkeys(DECODER, "add"))
    widths: tuple[int, ...] = WIDTHS

    def __post_init__(self) -> None:
        _exactly("cells", self.cells, CELLS)
        for cell in CELLS:
            slots = self.cells[cell]
            if not isinstance(slots, list | tuple) or len(slots) != SLOTS:
                raise SettingError(f"cell {cell} must have {SLOTS} operations, got {_short(slots)}")
            for i, name in enumerate(slots, start=1):
                if name not in OPERATION_NAMES:
                    raise SettingError(
                        f"cell {cell}, slot {i}: operation must be one of "
                        f"{', '.join(OPERATION_NAMES)}, got {_short(name)}"
                    )
        _exactly("fusions", self.fusions, DECODER)
        for cell in DECODER:
            if self.fusions[cell] not in FUSION_NAMES:
                raise SettingError(
                    f"fusion of {cell} must be one of {', '.join(FUSION_NAMES)}, "
                    f"got {_short(self.fusions[cell])}"
                )
        object.__setattr__(self, "cells", {cell: tuple(self.cells[cell]) for cell in CELLS})
        object.__setattr__(self, "fusions", {cell: self.fusions[cell] for cell in DECODER})
        object.__setattr__(self, "widths", check_widths(self.widths))

    def flat(self) -> list[str]:
        """The 27 operation names, in the order the data flows."""
        return [name for cell in CELLS for name in self.cells[cell]]

    def flat_fusions(self) -> list[str]:
        """The 4 fusion names, in the order the data flows."""
        return [self.fusions[cell] for cell in DECODER]

    @classmethod
    def from_flat(
        cls,
        names: Sequence[str],
        fusions: Sequence[str] = ("add",) * len(DECODER),
        widths: tuple[int, ...] = WIDTHS,
    ) -> "Genotype":
        """The inverse of `flat` and `flat_fusions`."""
        cells = {c: tuple(names[SLOTS * i : SLOTS * (i + 1)]) for i, c in enumerate(CELLS)}
        return cls(cells, dict(zip(DECODER, fusions, strict=True)), widths)

    @classmethod
    def sample(cls, seed: int) -> "Genotype":
        """A random genotype, uniform over the space; decided by the seed."""
        draw = random.Random(seed)
        names = [draw.choice(OPERATION_NAMES) for _ in range(len(CELLS) * SLOTS)]
        return cls.from_flat(names, [draw.choice(FUSION_NAMES) for _ in DECODER])

    def to_dict(self) -> dict[str, Any]:
        """The content of the JSON file."""
        return {
            "format": FORMAT,
            "format_version": FORMAT_VERSION,
            "space": SPACE,
            "cells": {cell: list(self.cells[cell]) for cell in CELLS},
            "fusions": dict(self.fusions),
            "widths": list(self.widths),
        }

    @classmethod
    def from_dict(cls, document: Any) -> "Genotype":
        """The genotype of a parsed JSON document; SettingError if it is not one."""
        if not isinstance(document, dict) or document.get("format") != FORMAT:
            raise SettingError(f'not a genotype: "format" must be "{FORMAT}"')
        version = document.get("format_version")
        if type(version) is not int or version != FORMAT_VERSION:
            raise SettingError(f"format_version must be {FORMAT_VERSION}, got {_short(version)}")
        space = document.get("space")
        cells: Any = document.get("cells")
        fusions: Any = document.get("fusions")
        widths: Any = document.get("widths")
        if space == FIRST_SPACE:
            return cls(cells)
        if space != SPACE:
            raise SettingError(
                f'space must be "{SPACE}", got {_short(space)}: written by a different version'
            )
        return cls(cells, fusions, widths)

    def to_json(self) -> str:
        """The text of the file; equal genotypes give equal bytes."""
        return json.dumps(self.to_dict(), indent=2) + "\n"

    @classmethod
    def load(cls, path: str | Path) -> "Genotype":
        """Read a genotype file.

        Raises
        ------
        FileError
            "g.json: cannot be read (No such file or directory)", "g.json: not a file",
            "g.json: not a genotype: longer than 65536 bytes", "... not a text file",
            "... not JSON (...)", "... duplicate key 'cells'", and the SettingErrors of
            `Genotype`, with the file's name in front.
        """
        try:
            if Path(path).exists() and not Path(path).is_file():  # reading a pipe would block
                raise FileError(f"{path}: not a file")
            with open(path, "rb") as file:
                text = file.read(LONGEST + 1)
            if len(text) > LONGEST:
                raise FileError(f"{path}: not a genotype: longer than {LONGEST} bytes")
            return cls.from_dict(json.loads(text.decode(), object_pairs_hook=_once))
        except OSError as error:
            raise FileError(f"{path}: cannot be read ({error.strerror})") from error
        except UnicodeDecodeError as error:
            raise FileError(f"{path}: not a genotype: not a text file") from error
        except SettingError as error:
            raise FileError(f"{path}: {error}") from error
        except (ValueError, RecursionError) as error:  # also for numbers of too many digits
            raise FileError(f"{path}: not a genotype: not JSON ({error})") from error


def check_widths(widths: Any) -> tuple[int, ...]:
    """The widths of the levels as a tuple; SettingError unless they are valid (see `Genotype`)."""
    valid = isinstance(widths, list | tuple) and len(widths) == len(WIDTHS)
    if not (valid and all(type(w) is int and 1 <= w <= WIDEST_LEVEL for w in widths)):
        raise SettingError(
            f"widths must be {len(WIDTHS)} whole numbers in 1 .. {WIDEST_LEVEL}, "
            f"got {_short(widths)}"
        )
    return tuple(widths)


def _exactly(name: str, given: Any, keys: tuple[str, ...]) -> None:
    if not isinstance(given, Mapping) or set(given) != set(keys):
        got = list(given) if isinstance(given, Mapping) else given
        raise SettingError(f"{name} must be exactly {', '.join(keys)}, got {_short(got)}")


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    try:
        return each_once(pairs)
    except SettingError as error:
        raise SettingError(f"not a genotype: {error}") from error


def _short(value: Any) -> str:
    """A value for a message, shortened."""
    return reprlib.repr(value)
