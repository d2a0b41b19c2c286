"""A protocol by its name, on a folder that must be laid out for it."""

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
    """The images of a folder, and how they are scored.

    Parameters
    ----------
    folder : path
    protocol : "plain", "gopro", "kohler" or "levin"
    blur : "found", "blur" or "blur_gamma"
        Which input of GoPro; "found" is the one that is there.
    progress : bool
        Show a bar while the images are checked.

    Raises
    ------
    SettingError
        as of `check_protocol`
    FileError
        The folder is not laid out as the protocol's function says, or can be read in two ways;
        the message lists what was found.
    """
    check_protocol(protocol, blur)
    more = {} if blur == "found" else {"blur": blur}
    return PROTOCOLS[protocol](Path(folder), **more, progress=progress)
