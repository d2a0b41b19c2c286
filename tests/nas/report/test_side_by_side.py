import numpy as np
import pytest

from blurkit.images.files import read_image
from nas.report.side_by_side import plot_comparison


@pytest.mark.parametrize(("height", "width", "factor"), [(200, 256, 1), (40, 64, 4)])
def test_a_comparison_shows_each_pixel_unchanged(tmp_path, height, width, factor):
    """A resampled picture would hide, or invent, what is compared."""
    rng = np.random.default_rng(0)
    rows = [[rng.integers(0, 256, (height, width, 3), dtype=np.uint8) for _ in "ab"] for _ in "ab"]
    plot_comparison(rows, ["a", "b" * 99], [["1 dB", "c" * 99]] * 2, tmp_path / "c.png", note="n")
    sheet = read_image(tmp_path / "c.png")
    for i, row in enumerate(rows):
        for k, image in enumerate(row):
            x, y = 12 + k * (width * factor + 12), 34 + i * (height * factor + 26)
            shown = sheet[y : y + height * factor : factor, x : x + width * factor : factor]
            np.testing.assert_array_equal(shown, image)


def test_rows_of_a_comparison_may_differ_in_size(tmp_path):
    rows = [[np.zeros((200, 256, 3), np.uint8)], [np.zeros((256, 150, 3), np.uint8)]]
    plot_comparison(rows, ["a"], [["x"], ["y"]], tmp_path / "c.png")
    assert read_image(tmp_path / "c.png").shape == (34 + 2 * (256 + 26) + 6, 12 + 256 + 12, 3)
