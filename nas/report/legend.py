"""Colour and meaning of every operation and fusion, the same in all pictures and pages."""

from nas.report.style import BLUE, GOLD, GREEN, GREY, MAGENTA, ORANGE, PURPLE, RED, RULE, TEAL

OPERATIONS = {
    "zero": (GREY, "no operation: the slot passes its input on"),
    "conv3": (BLUE, "3x3 conv, ReLU, 3x3 conv"),
    "conv3_dilated": (PURPLE, "the same, dilated by 2"),
    "dw3": (GREEN, "gated block, depthwise 3x3"),
    "dw3_attn": (GOLD, "depthwise 3x3 and channel attention"),
    "dw5_attn": (ORANGE, "depthwise 5x5 and channel attention"),
    "dw7": (RED, "gated block, depthwise 7x7"),
    "ff": (GREY, "gated block, 1x1 only (feed-forward)"),
}
FUSIONS = {
    "add": (GREY, "sum"),
    "concat": (TEAL, "concatenation, 1x1 conv"),
    "gated": (MAGENTA, "skip times a gate in (0, 2), then sum"),
}
SIGNS = {"add": "+", "concat": "c", "gated": "g"}
OUTLINED = {"zero": "#ffffff", "add": RULE}  # drawn as an outline; as an area, in this colour


def fill_colours() -> dict[str, str]:
    """Name of every operation and fusion to the "#rrggbb" that fills it on white paper."""
    both = OPERATIONS | FUSIONS
    return {name: OUTLINED.get(name, colour.light) for name, (colour, _) in both.items()}
