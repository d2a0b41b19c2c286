"""Settings of an evaluation: the options of `nas.evaluate`."""

from dataclasses import dataclass
from typing import Literal

from nas.evaluation.protocols.by_name import check_protocol
from nas.options import check, setting
from nas.restoration.scales import parse_scales
from nas.restoration.tiles import check_tile


@dataclass(frozen=True)
class EvaluateSettings:
    """How images are chosen, restored and scored.

    Raises
    ------
    SettingError
        "rows must be >= 0, got -1" and the like
    """

    protocol: Literal["plain", "gopro", "kohler", "levin"] = setting(
        "plain", "layout and scoring of the images in --pairs, see docs/evaluation.md"
    )
    blur: Literal["found", "blur", "blur_gamma"] = setting(
        "found", "input images of gopro; found uses the only one present"
    )
    limit: int = setting(0, "score only this many images, spread over the set; 0: all", least=0)
    tile: int = setting(512, "longest side passed to a network, in pixels", cuda=1280, least=1)
    overlap: int = setting(32, "overlap of neighbouring tiles, in pixels", least=0)
    scales: str = setting(
        "", 'downscaling factors of the input, such as "1 2"; empty: those stored in each model'
    )
    rows: int = setting(4, "images shown in compare.png and report.html", least=0)
    rounds: int = setting(20, "timing rounds", least=1)

    def __post_init__(self) -> None:
        check(self)
        check_protocol(self.protocol, self.blur)
        check_tile(self.tile, self.overlap)
        parse_scales(self.scales)
