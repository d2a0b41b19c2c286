"""The Pareto front, and plots of known results."""

from making_compare import LATENCY, RECORDS

from blurkit.images.files import read_image
from nas.comparison.measurements import kendall
from nas.comparison.plots import pareto_front, plot_pareto, plot_seeds, plot_tau


def test_the_front_has_what_nothing_beats():
    points = [(1, 30), (2, 29), (3, 31), (3, 32), (4, 32), (0.5, 20)]
    assert pareto_front(points) == [(0.5, 20), (1, 30), (3, 32)]


def test_the_pictures_are_drawn(tmp_path):
    trainings = [record for record in RECORDS if record["kind"] == "train"]
    plot_pareto(trainings, LATENCY, tmp_path / "p.png")
    plot_seeds(trainings, tmp_path / "s.png")
    points = [{"network": f"random-{i}", "supernet": i, "retrained": -i} for i in range(4)]
    plot_tau({**kendall(points), "points": points}, tmp_path / "t.png")
    for name in "pst":
        assert read_image(tmp_path / f"{name}.png").std() > 10
    plot_pareto(trainings, {}, tmp_path / "none.png")  # nothing was measured
    assert not (tmp_path / "none.png").exists()
