"""Images side by side, every pixel unchanged."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from blurkit.files import AnyPath
from nas.report.style import INK


def plot_comparison(
    rows: Sequence[Sequence[NDArray[np.uint8]]],
    titles: Sequence[str],
    labels: Sequence[Sequence[str]],
    path: AnyPath,
    *,
    note: str = "",
) -> None:
    """Place images side by side, every pixel unchanged, with a title above each column.

    Parameters
    ----------
    rows : sequence of rows of (H, W, 3) uint8 sRGB
        A row's images are of one size; the rows may differ.
    titles : one for each column
    labels : one for each image, shown under it
    path : path of the picture to write
    note : str
        A line at the foot.

    Notes
    -----
    Small images are enlarged to about 256 pixels, by a whole factor.
    """
    from matplotlib.figure import Figure

    height, width = (max(row[0].shape[axis] for row in rows) for axis in (0, 1))
    factor = max(1, round(256 / max(height, width)))
    height, width = height * factor, width * factor
    gap, head, line, foot = 12, 34, 26, 30 if note else 6
    across, down = gap + len(titles) * (width + gap), head + len(rows) * (height + line) + foot
    # 0.1 pixels more, because some releases of matplotlib round down
    figure = Figure(figsize=((across + 0.1) / 100, (down + 0.1) / 100), dpi=100, facecolor="white")

    def write(text: str, x: float, y: float, size: float, room: int, **style: Any) -> None:
        size = min(size, 1.15 * room / max(len(text), 1))
        place = x / across, 1 - y / down
        figure.text(*place, text, size=size, color=INK, ha="center", va="center", **style)

    for column, title in enumerate(titles):
        left = gap + column * (width + gap)
        middle = left + width / 2
        write(title, middle, head / 2, 11, width, weight="bold")
        for row, images in enumerate(rows):
            top = head + row * (height + line)
            big = images[column].repeat(factor, axis=0).repeat(factor, axis=1)
            x, y = left + (width - big.shape[1]) // 2, top + (height - big.shape[0]) // 2
            figure.figimage(big, x, down - y - big.shape[0])
            write(labels[row][column], middle, top + height + line / 2 - 1, 9.5, width)
    write(note, across / 2, down - foot / 2, 9, across)
    figure.savefig(path, dpi=100)
