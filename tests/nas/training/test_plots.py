from blurkit.images.files import read_image
from nas.training.plots import plot_training


def test_training_curves_take_records_with_and_without_a_psnr(tmp_path):
    history = [{"step": 10 * k, "loss": -20.0 - k} for k in range(1, 9)]
    plot_training(history, tmp_path / "loss.png")
    for record in history[::2]:
        record |= {"psnr": 25.0, "psnr_input": 24.0}
    plot_training(history, tmp_path / "both.png", title="unet")
    assert read_image(tmp_path / "loss.png").shape == (600, 750, 3)
    assert read_image(tmp_path / "both.png").shape == (600, 1500, 3)
