import itertools

from nas.report.style import PALETTE


def luminance(code):
    """Relative luminance of "#rrggbb" in 0 .. 1, as WCAG 2 defines it."""
    parts = [int(code[k : k + 2], 16) / 255 for k in (1, 3, 5)]
    r, g, b = (v / 12.92 if v <= 0.04045 else ((v + 0.055) / 1.055) ** 2.4 for v in parts)
    return 0.2126 * r + 0.7152 * g + 0.0722 * b


def test_white_text_can_be_read_on_every_colour_and_colours_differ():
    for colour in PALETTE:
        assert 1.05 / (luminance(colour.light) + 0.05) >= 4.5, colour
    for a, b in itertools.combinations([colour.light for colour in PALETTE], 2):
        assert sum(abs(int(a[k : k + 2], 16) - int(b[k : k + 2], 16)) for k in (1, 3, 5)) > 40


def test_names_of_colours_are_classes_of_a_page():
    assert len({colour.name for colour in PALETTE}) == len(PALETTE)
    assert all(colour.name.isalpha() for colour in PALETTE)
