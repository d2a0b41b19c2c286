"""The picture of a training: its loss, and its score on validation pairs."""

from nas.report.style import BLUE, DASHED, DPI, GREEN, GREY, STYLE, History, Target, finish, line


def plot_training(history: History, path: Target, *, title: str = "") -> None:
    """Draw how a training went.

    Parameters
    ----------
    history : sequence of dict, at least one
        Each with "step", and "loss" or "psnr" (dB, on validation pairs) or both.
    path : path of the picture to write
    title : str
        What was trained.
    """
    import matplotlib as mpl
    from matplotlib.figure import Figure

    with mpl.rc_context(STYLE):
        figure = Figure(figsize=(10, 4), layout="constrained")
        loss, psnr = figure.subplots(1, 2)
        line(loss, history, "loss", BLUE, "training", x="step")
        line(psnr, history, "psnr", GREEN, "network", x="step")
        line(psnr, history, "psnr_input", GREY, "blurry input", x="step", **DASHED)
        loss.set(title="Training loss", ylabel="minus PSNR, dB")
        psnr.set(title="Validation", ylabel="PSNR, dB")
        for axes in (loss, psnr):
            finish(axes, "step")
        if title:
            figure.suptitle(title, x=0.01, ha="left", fontsize=13, fontweight="bold")
        figure.savefig(path, dpi=DPI)
