"""The GoPro test set (Nah et al. 2017) in the layouts that are about, its input never guessed."""

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from blurkit.errors import FileError
from nas.evaluation.pairs import holds, matched, some
from nas.evaluation.protocols.benchmark import Benchmark
from nas.evaluation.protocols.plain import benchmark_of_pairs

INPUTS = ("blur", "blur_gamma")
SPLITS = ("train", "test")
PAIRS = 1111  # of the test set

Couples = list[tuple[str, str, str]]


@dataclass(frozen=True)
class _Layout:
    """A way to read a folder: in words, and for each input that it holds where the pairs are."""

    words: str
    inputs: dict[str, Couples]


def gopro(folder: Path, blur: str | None = None, *, progress: bool = False) -> Benchmark:
    """The pairs of the GoPro test set; PSNR and both SSIMs of each image, then the mean.

    Parameters
    ----------
    folder : Path
        Holds, itself or in test/, one of: SEQ/{blur or blur_gamma, sharp} for every sequence, as
        published; {blur or blur_gamma}/ and sharp/; input/ and target/, as MPRNet, NAFNet and
        BasicSR keep it.
    blur : "blur" (linear average), "blur_gamma", or None: the one that is there
    progress : bool

    Raises
    ------
    FileError
        "GOPRO: holds blur/ and blur_gamma/: say which with --blur",
        "GOPRO: input/ and target/ do not say which input they hold: give --blur blur or --blur
        blur_gamma", "GOPRO: holds no blur_gamma/, but blur/", "GOPRO: may be read in 2 ways:
        input/ and target/; test/SEQ/", "GOPRO: GOPR0384_11_00/ holds no sharp/", "GOPRO: must hold
        ...; it holds ...", or as of `nas.evaluation.pairs.pairs_of_folder`

    Notes
    -----
    Nah, Kim, Lee: Deep Multi-scale Convolutional Neural Network for Dynamic Scene Deblurring, CVPR
    2017: 1111 pairs of 1280x720 in 11 sequences. RGB, no crop, no shift, PSNR of 8-bit images.
    """
    layout = _only_layout(folder)
    chosen = blur or _only_input(folder, layout)
    if chosen not in layout.inputs:
        raise FileError(f"{folder}: holds no {chosen}/, but {_folders(layout.inputs)}")
    couples = layout.inputs[chosen]
    for _, *sides in couples:
        for side in sides:
            if not (folder / side).is_dir():
                sequence, _, lacking = side.rpartition("/")
                raise FileError(f"{folder}: {sequence}/ holds no {lacking}/")
    return benchmark_of_pairs(
        matched(folder, couples, progress=progress),
        protocol="gopro",
        more=f", input {chosen}",
        published=PAIRS,
        facts={"blur": chosen, "layout": layout.words},
    )


def _only_layout(folder: Path) -> _Layout:
    found = [layout for base in ("", "test/") for layout in _layouts(folder, base)]
    if len(found) > 1:
        words = "; ".join(layout.words for layout in found)
        raise FileError(f"{folder}: may be read in {len(found)} ways: {words}")
    if not found:
        rule = "must hold test/SEQ/blur and test/SEQ/sharp, blur/ and sharp/, or input/ and target/"
        raise FileError(f"{folder}: {rule}; {holds(folder)}")
    return found[0]


def _only_input(folder: Path, layout: _Layout) -> str:
    if "target/" in layout.words:
        choice = " or ".join(f"--blur {name}" for name in INPUTS)
        raise FileError(f"{folder}: {layout.words} do not say which input they hold: give {choice}")
    if len(layout.inputs) > 1:
        raise FileError(f"{folder}: holds {_folders(layout.inputs)}: say which with --blur")
    return next(iter(layout.inputs))


def _layouts(folder: Path, base: str) -> list[_Layout]:
    """Every way to read `folder` / `base`."""
    place = folder / base
    if not place.is_dir():
        return []
    found = []
    if all((place / side).is_dir() for side in ("input", "target")):
        couples = [("", f"{base}input", f"{base}target")]
        found.append(_Layout(f"{base}input/ and {base}target/", dict.fromkeys(INPUTS, couples)))
    inputs = [name for name in INPUTS if (place / name).is_dir()]
    if inputs and (place / "sharp").is_dir():
        words = f"{_folders(inputs, base)} and {base}sharp/"
        found.append(_Layout(words, {n: [("", base + n, f"{base}sharp")] for n in inputs}))
    sequences = [path.name for path in sorted(place.iterdir()) if _is_sequence(path)]
    names = [n for n in INPUTS if any((place / s / n).is_dir() for s in sequences)]
    if names:
        tree = {
            n: [(f"{s}/", f"{base}{s}/{n}", f"{base}{s}/sharp") for s in sequences] for n in names
        }
        found.append(_Layout(f"{base}SEQ/ of {some(sequences, 2)}", tree))
    return found


def _is_sequence(path: Path) -> bool:
    if path.name.startswith(".") or path.name in SPLITS:
        return False
    return any((path / side).is_dir() for side in (*INPUTS, "sharp"))


def _folders(names: Iterable[str], base: str = "") -> str:
    return " and ".join(f"{base}{name}/" for name in names)
