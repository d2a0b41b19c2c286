"""A picture of some pairs of a dataset."""

import numpy as np

from blurkit.errors import SettingError
from blurkit.images.sheets import COLOURS, TILE, contact_sheet, enlarged, kernel_tile
from blurkit.store import PairFile, PairSet


def pair_sheet(pairs: PairFile | PairSet, count: int = 8) -> np.ndarray:
    """Samples spread evenly over a dataset, each shown as sharp patch, kernel and blurry patch.

    Parameters
    ----------
    pairs : PairSet or PairFile
    count : int >= 1
        Samples shown; fewer if the dataset has fewer.

    Returns
    -------
    sheet : (H, W, 3) uint8
    """
    if count < 1:
        raise SettingError(f"n must be >= 1, got {count}")
    count = min(count, len(pairs))
    rows = (np.arange(count) * len(pairs) // count).tolist()
    return contact_sheet([_trio(pairs, row) for row in rows], 2, gap=16)


def _trio(pairs: PairFile | PairSet, row: int) -> np.ndarray:
    sharp = pairs.sharp[row]
    times = max(1, round(2 * TILE / max(sharp.shape)))
    pictures, labels = [enlarged(sharp, times)], [f"{pairs.label(row)}: sharp"]
    if pairs.kernel is not None:
        panel = np.empty_like(pictures[0])
        panel[:] = COLOURS[0]
        tile = kernel_tile(pairs.kernel[row], min(panel.shape[:2]))[: len(panel), : panel.shape[1]]
        y, x = (panel.shape[0] - len(tile)) // 2, (panel.shape[1] - tile.shape[1]) // 2
        panel[y : y + tile.shape[0], x : x + tile.shape[1]] = tile
        pictures.append(panel)
        labels.append("kernel")
    pictures.append(enlarged(pairs.blurry[row], times))
    labels.append("blurry")
    return contact_sheet(pictures, len(pictures), gap=4, labels=labels)
