"""The GoPro test set (Nah et al. 2017) in its common layouts. Its input is never guessed."""

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from blurkit.errors import FileError
from nas.evaluation.pairs import contents, paired, some
from nas.evaluation.protocols.benchmark import Benchmark
from nas.evaluation.protocols.plain import benchmark_of_pairs

INPUTS = ("blur", "blur_gamma")
SPLITS = ("train", "test")
PAIRS = 1111  # of the test set

Couples = list[tuple[str, str, str]]


@dataclass(frozen=True)
class _Layout:
    """A way to read a folder: its description, and the pairs of folders of each input."""

    name: str
    inputs: dict[str, Couples]


def gopro(folder: Path, blur: str | None = None, *, progress: bool = False) -> Benchmark:
    """The pairs of the GoPro test set; PSNR and both SSIMs of each image, then the mean.

    Parameters
    ----------
    folder : Path
        Contains, itself or in test/, one of: SEQ/{blur or blur_gamma, sharp} for every sequence,
        as published; {blur or blur_gamma}/ and sharp/; input/ and target/, as in MPRNet, NAFNet
        and BasicSR.
    blur : "blur" (linear average), "blur_gamma", or None: the only one present
    progress : bool

    Raises
    ------
    FileError
        "GOPRO: contains blur/ and blur_gamma/: choose one with --blur",
        "GOPRO: input/ and target/ do not tell which input they contain: give --blur blur or --blur
        blur_gamma", "GOPRO: contains no blur_gamma/, only blur/", "GOPRO: ambiguous layout: input/
        and target/; test/SEQ/", "GOPRO: GOPR0384_11_00/ contains no sharp/", "GOPRO: must contain
        ...; it contains ...", or see `nas.evaluation.pairs.pairs_of_folder`

    Notes
    -----
    Nah, Kim, Lee: Deep Multi-scale Convolutional Neural Network for Dynamic Scene Deblurring, CVPR
    2017: 1111 pairs of 1280x720 in 11 sequences. RGB, no crop, no shift, PSNR of 8-bit images.
    """
    layout = _only_layout(folder)
    chosen = blur or _only_input(folder, layout)
    if chosen not in layout.inputs:
        raise FileError(f"{folder}: contains no {chosen}/, only {_folders(layout.inputs)}")
    couples = layout.inputs[chosen]
    for _, *sides in couples:
        for side in sides:
            if not (folder / side).is_dir():
                sequence, _, missing = side.rpartition("/")
                raise FileError(f"{folder}: {sequence}/ contains no {missing}/")
    return benchmark_of_pairs(
        paired(folder, couples, progress=progress),
        protocol="gopro",
        detail=f", input {chosen}",
        published=PAIRS,
        facts={"blur": chosen, "layout": layout.name},
    )


def _only_layout(folder: Path) -> _Layout:
    layouts = [layout for base in ("", "test/") for layout in _layouts(folder, base)]
    if len(layouts) > 1:
        names = "; ".join(layout.name for layout in layouts)
        raise FileError(f"{folder}: ambiguous layout: {names}")
    if not layouts:
        rule = (
            "must contain test/SEQ/blur and test/SEQ/sharp, blur/ and sharp/, or input/ and target/"
        )
        raise FileError(f"{folder}: {rule}; {contents(folder)}")
    return layouts[0]


def _only_input(folder: Path, layout: _Layout) -> str:
    if "target/" in layout.name:
        choice = " or ".join(f"--blur {name}" for name in INPUTS)
        raise FileError(
            f"{folder}: {layout.name} do not tell which input they contain: give {choice}"
        )
    if len(layout.inputs) > 1:
        raise FileError(f"{folder}: contains {_folders(layout.inputs)}: choose one with --blur")
    return next(iter(layout.inputs))


def _layouts(folder: Path, base: str) -> list[_Layout]:
    """All ways to read `folder` / `base`."""
    root = folder / base
    if not root.is_dir():
        return []
    layouts = []
    if all((root / side).is_dir() for side in ("input", "target")):
        couples = [("", f"{base}input", f"{base}target")]
        layouts.append(_Layout(f"{base}input/ and {base}target/", dict.fromkeys(INPUTS, couples)))
    inputs = [name for name in INPUTS if (root / name).is_dir()]
    if inputs and (root / "sharp").is_dir():
        name = f"{_folders(inputs, base)} and {base}sharp/"
        layouts.append(_Layout(name, {n: [("", base + n, f"{base}sharp")] for n in inputs}))
    sequences = [path.name for path in sorted(root.iterdir()) if _is_sequence(path)]
    names = [n for n in INPUTS if any((root / s / n).is_dir() for s in sequences)]
    if names:
        inputs_of_sequences = {
            n: [(f"{s}/", f"{base}{s}/{n}", f"{base}{s}/sharp") for s in sequences] for n in names
        }
        layouts.append(_Layout(f"{base}SEQ/ of {some(sequences, 2)}", inputs_of_sequences))
    return layouts


def _is_sequence(path: Path) -> bool:
    if path.name.startswith(".") or path.name in SPLITS:
        return False
    return any((path / side).is_dir() for side in (*INPUTS, "sharp"))


def _folders(names: Iterable[str], base: str = "") -> str:
    return " and ".join(f"{base}{name}/" for name in names)
