"""The picture of a training: its loss, and its score on validation pairs."""

from blurkit.files import AnyPath
from nas.report.charts import Chart, History, line
from nas.report.charts_png import save_charts
from nas.report.style import BLUE, GREEN, GREY


def plot_training(history: History, path: AnyPath, *, title: str = "") -> None:
    """Draw how a training went.

    Parameters
    ----------
    history : sequence of dict, at least one
        Each with "step", and "loss" or "psnr" (dB, on validation pairs) or both; "psnr_input" is
        that of the blurry input.
    path : path of the picture to write
    title : str
        What was trained.
    """
    loss = [line(history, "step", "loss", "training", BLUE)]
    psnr = [
        line(history, "step", "psnr", "network", GREEN),
        line(history, "step", "psnr_input", "blurry input", GREY, "dashed"),
    ]
    charts = [
        Chart("Training loss", "step", "minus PSNR, dB", loss),
        Chart("Validation", "step", "PSNR, dB", psnr),
    ]
    save_charts(charts, path, title=title, size=(5, 4))
