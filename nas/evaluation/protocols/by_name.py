"""Choose a protocol by name."""

from collections.abc import Callable
from pathlib import Path

from blurkit.errors import SettingError
from blurkit.files import AnyPath
from nas.evaluation.protocols.benchmark import Benchmark
from nas.evaluation.protocols.gopro import gopro
from nas.evaluation.protocols.kohler import kohler
from nas.evaluation.protocols.levin import levin
from nas.evaluation.protocols.plain import plain

PROTOCOLS: dict[str, Callable[..., Benchmark]] = {
    "plain": plain,
    "gopro": gopro,
    "kohler": kohler,
    "levin": levin,
}


def check_protocol(protocol: str, blur: str) -> None:
    """SettingError "blur must not be given with protocol kohler, got blur_gamma" and the like."""
    if protocol not in PROTOCOLS:
        raise SettingError(f"protocol must be one of {', '.join(PROTOCOLS)}, got {protocol}")
    if blur not in ("found", "blur", "blur_gamma"):
        raise SettingError(f"blur must be found, blur or blur_gamma, got {blur}")
    if blur != "found" and protocol != "gopro":
        raise SettingError(f"blur must not be given with protocol {protocol}, got {blur}")


def find_benchmark(
    folder: AnyPath,
    protocol: str = "plain",
    blur: str = "found",
    *,
    progress: bool = False,
) -> Benchmark:
    """Open a folder as the benchmark of a protocol.

    Parameters
    ----------
    folder : path
    protocol : "plain", "gopro", "kohler" or "levin"
    blur : "found", "blur" or "blur_gamma"
        Which input of GoPro; "found" is the only one present.
    progress : bool
        Show a bar while the images are checked.

    Raises
    ------
    SettingError
        see `check_protocol`
    FileError
        The folder does not have the layout that the protocol's function describes, or is
        ambiguous; the message lists its contents.
    """
    check_protocol(protocol, blur)
    if protocol == "gopro":
        return gopro(Path(folder), None if blur == "found" else blur, progress=progress)
    return PROTOCOLS[protocol](Path(folder), progress=progress)
