"""The plan of a comparison, its command lines, and the table that comes out of known results."""

import json
import math
from pathlib import Path

import pytest

from blurkit.errors import SettingError
from blurkit.images.files import read_image
from nas.comparison.folder import Bench
from nas.comparison.measurements import kendall, retrained_psnr
from nas.comparison.plan import CompareSettings, count_candidates, draws, parse_search, plan
from nas.comparison.plots import pareto_front, plot_pareto, plot_seeds, plot_tau
from nas.comparison.table import document, summarise, table
from nas.space.genotype import Genotype

SEARCH = "--epochs 4 --warmup 2 --steps 10 --batch 2 --crop 16"
SMALL = CompareSettings(
    steps=100,
    brief=20,
    batch=4,
    crop=32,
    seeds=2,
    searches=3,
    randoms=4,
    random_seeds=1,
    random_searches=1,
    search=SEARCH,
)


def test_the_plan_has_every_network_with_its_seeds():
    trials = plan(SMALL, side=32)
    trainings = [t for t in trials if t.kind == "train"]
    count = {
        row: sum(t.row == row for t in trainings) for row in dict.fromkeys(t.row for t in trials)
    }
    fixed = dict.fromkeys(("unet", "unet-residual", "frame", "conv", "naf"), 2)
    assert count == {**fixed, "random": 4, "random-search": 2, "searched": 6, "uniform": 6}
    seeds = {(t.network, t.seed) for t in trainings}
    assert len(seeds) == len(trainings)
    assert {seed for network, seed in seeds if network == "searched-s2"} == {0, 1}
    assert {t.seed for t in trials if t.kind == "search"} == {0, 1, 2}
    assert len({t.name for t in trials}) == len(trials)


def test_everything_is_trained_alike():
    trainings = [t for t in plan(SMALL, side=32) if t.kind == "train"]
    assert {t.steps for t in trainings} == {100}
    bench = Bench(Path("root"), SMALL, ("d.h5",), ("t.h5",))
    own = ("--out", "--seed", "--name")
    recipes = set()
    for t in trainings:
        if t.arch:
            words = bench.commands(t, "cpu")[0][4:]
            pairs = zip(words[1::2], words[2::2], strict=True)
            recipes.add(tuple(pair for pair in pairs if pair[0] not in own))
    assert len(recipes) == 1


def test_needs_come_before_and_first_seeds_before_second_ones():
    trials = plan(SMALL, side=32)
    places = {t.name: i for i, t in enumerate(trials)}
    assert all(places[need] < places[t.name] for t in trials for need in t.needs)
    needs = {t.network: t.needs for t in trials if t.kind == "train"}
    assert needs["searched-s1"] == ("searched-s1-search",)
    assert needs["unet"] == needs["random-3"] == ()
    assert all(name.startswith("random-search-s0-c") for name in needs["random-search-s0"])
    seeds = [t.seed for t in trials if t.kind == "train"]
    assert seeds == sorted(seeds)


def test_random_search_has_the_compute_of_one_search():
    search = parse_search(SEARCH.split())
    # (4 x 10 weight steps + 2 x 10 alpha steps) of 2 crops 16x16, against 20 of 4 crops 16x16
    assert count_candidates(SMALL, search, side=16) == round(60 * 2 / (20 * 4)) == 2
    more = CompareSettings(**{**vars(SMALL), "brief": 3, "crop": 16})
    assert count_candidates(more, search, side=256) == round(60 * 2 / (3 * 4)) == 10
    briefs = [t for t in plan(more, side=256) if t.kind == "brief"]
    assert sum(t.work for t in briefs) == next(
        t.work for t in plan(more, side=256) if t.name == "searched-s0-search"
    )


def test_every_random_genotype_has_a_seed_of_its_own():
    settings = CompareSettings(randoms=20, random_searches=3)
    seeds = draws(settings, candidates=40)
    assert len(seeds) == len(set(seeds.values())) == 20 + 3 * 40
    names = {t.arch for t in plan(SMALL, side=32) if t.arch.startswith("genotypes/")}
    few = draws(SMALL, count_candidates(SMALL, parse_search(SEARCH.split()), side=32))
    assert names == {f"genotypes/{name}.json" for name in few}


def test_kinds_of_search_differ_in_their_own_options_alone():
    settings = CompareSettings(**{**vars(SMALL), "variants": ("soft=--sampler softmax",)})
    bench = Bench(Path("root"), settings, ("d.h5",), ("t.h5",))
    words = {
        t.row: bench.commands(t, "cpu")[0]
        for t in plan(settings, side=32)
        if t.kind == "search" and t.seed == 1
    }
    same = words["searched"]
    at = same.index("--out") + 1
    for row, own in (("uniform", "--warmup 4 --discretise perturb"), ("soft", "--sampler softmax")):
        assert words[row][len(same) :] == own.split()
        assert [w for i, w in enumerate(words[row][: len(same)]) if i != at] == [
            w for i, w in enumerate(same) if i != at
        ]
    kinds = {t.row: parse_search(t.options) for t in plan(settings, 32) if t.kind == "search"}
    assert (kinds["uniform"].warmup, kinds["uniform"].epochs) == (4, 4)
    assert (kinds["soft"].sampler, kinds["searched"].sampler) == ("softmax", "gumbel")


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"seeds": 0}, "seeds must be >= 1, got 0"),
        ({"brief": 200, "steps": 100}, r"brief must be <= steps \(100\), got 200"),
        ({"networks": "unet resnet"}, "networks must be some of unet, .*, got 'unet resnet'"),
        ({"kinds": "searched unet"}, "kinds must be some of searched, uniform, got"),
        ({"variants": ("a b",)}, 'variant must be NAME="OPTIONS of nas.search", got'),
        ({"variants": ("unet=--order 2",)}, "variant must have a name of its own, got 'unet'"),
        ({"variants": ("a=", "a=")}, "variant must have a name of its own, got 'a'"),
    ],
)
def test_settings_are_refused_by_name_rule_and_value(given, message):
    with pytest.raises(SettingError, match=f"^{message}"):
        CompareSettings(**given)


def test_without_random_searches_their_steps_do_not_matter():
    assert CompareSettings(steps=5, random_searches=0).brief > 5


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"search": "--epoch-count 3"}, "No such option '?--epoch-count"),
        ({"search": "--epochs many"}, "'many' is not a valid integer"),
        ({"search": "--epochs 0"}, "epochs must be >= 1, got 0"),
        ({"search": "--seed 3"}, "seed is the comparison's own option"),
        ({"variants": ("a=--width 3",)}, "width is the comparison's own option"),
    ],
)
def test_options_of_the_search_are_checked_before_anything_runs(given, message):
    with pytest.raises(SettingError, match=f"^in search .*: {message}"):
        plan(CompareSettings(**given), side=32)


def training(row, network, seed, psnr, needs=(), **more):
    scores = {"psnr": psnr, "ssim": 0.9, "ssim_3d": 0.92, "params": 1_000_000, "macs": 2e9, "n": 5}
    inputs = {f"{key}_input": value for key, value in scores.items() if key[0] in "ps"}
    named = {"name": f"{network}-t{seed}", "row": row, "network": network, "needs": list(needs)}
    return {"kind": "train", "seed": seed, **named, **scores, **inputs, **more}


RECORDS = [
    {"kind": "search", "name": "s0", "row": "searched", "steps": 60, "core_seconds": 8.0},
    {"kind": "search", "name": "s1", "row": "searched", "steps": 60, "core_seconds": 12.0},
    {"kind": "brief", "name": "c0", "row": "random-search", "steps": 20, "core_seconds": 3.0},
    {"kind": "brief", "name": "c1", "row": "random-search", "steps": 20, "core_seconds": 4.0},
    *(training("unet", "unet", seed, 29 + seed) for seed in (0, 1, 2)),
    *(training("random", f"random-{i}", 0, 31 + i) for i in (0, 1, 2)),
    training("random-search", "random-search-s0", 0, 33.0, needs=("c0", "c1")),
    *(training("searched", "searched-s0", t, 33.9 + 0.2 * t, ("s0",), macs=1e9) for t in (0, 1)),
    *(training("searched", "searched-s1", t, 35.9 + 0.2 * t, ("s1",), macs=3e9) for t in (0, 1)),
]
LATENCY = {"unet": 4.0, "searched-s0": 3.0, "searched-s1": 5.0, "random-0": 8.0}


def test_the_table_has_means_and_deviations_of_what_is_independent():
    lines = {line.name: line for line in summarise(RECORDS, LATENCY)}
    assert list(lines) == ["unet", "random", "random-search", "searched"]
    unet, random, found = lines["unet"], lines["random"], lines["searched"]
    assert (unet.psnr, unet.deviation, unet.networks, unet.trainings) == (30, 1, 1, 3)
    assert (random.psnr, random.deviation, random.within) == (32, 1, None)
    assert found.psnr == pytest.approx(35)
    assert found.deviation == pytest.approx(math.sqrt(2))  # of 34 and 36, not of the four runs
    assert found.within == pytest.approx(0.2 / math.sqrt(2))
    assert (found.networks, found.trainings, found.macs) == (2, 2, 2e9)
    assert (found.latency, random.latency, lines["random-search"].latency) == (4, 8, None)


def test_the_cost_of_search_is_that_of_finding_one_network():
    lines = {line.name: line for line in summarise(RECORDS, {})}
    assert (lines["searched"].search_seconds, lines["searched"].search_steps) == (10, 60)
    assert (lines["random-search"].search_seconds, lines["random-search"].search_steps) == (7, 40)
    assert lines["unet"].search_seconds is None


def test_gains_are_over_unet_and_over_the_random_ones():
    text = table(summarise(RECORDS, LATENCY)).splitlines()
    cells = {line.split("|")[1].strip(): [c.strip() for c in line.split("|")[2:]] for line in text}
    head = cells["network"]
    found = dict(zip(head, cells["searched"], strict=True))
    assert found["n"] == "2 x 2"
    assert found["PSNR, dB"] == "35.00 +- 1.41"
    assert (found["over UNet"], found["over random"], found["in deviations"]) == (
        *("+5.00", "+3.00", "+3.0"),
    )
    assert (found["latency, ms"], found["x UNet"]) == ("4.0", "1.00")
    assert dict(zip(head, cells["unet"], strict=True))["over UNet"] == "-"
    assert dict(zip(head, cells["random"], strict=True))["in deviations"] == "-"


def test_the_document_says_what_was_not_measured_by_a_dash():
    text = document(summarise(RECORDS, {}), RECORDS, {"tau": None}, {}, SMALL, "9 of 12 trials")
    assert "9 of 12 trials" in text
    assert "random genotypes: -." in text
    assert "Nothing was chosen on the test pairs" in text
    tau = {"tau": 0.5, "p": 0.04, "n": 8}
    text = document(summarise(RECORDS, {}), RECORDS, tau, {}, SMALL, "")
    assert "0.50 (p = 0.04, n = 8)" in text


def test_the_document_names_what_failed_and_what_collapsed(tmp_path):
    bench = Bench(tmp_path, SMALL, ("d.h5",), ("t.h5",))
    trials = plan(SMALL, side=32)
    bad, again, good = (t.name for t in trials[:3])
    for name, log in ((bad, "step 3\nError: collapsed in epoch 2\n"), (again, ""), (good, "")):
        bench.folder(name).mkdir(parents=True)
        (bench.folder(name) / "failed.txt").write_text("exit code 1\n")
        (bench.folder(name) / "trial.log").write_text(log)
    (bench.folder(again) / "trial.json").write_text("{}")  # the next attempt was done
    (bench.folder(good) / "failed.txt").unlink()
    failed = bench.failed(trials)
    assert failed == {bad: "exit code 1 (Error: collapsed in epoch 2)"}
    early = {**RECORDS[1], "search": {"collapsed": "collapsed in epoch 4: conv3 holds 27"}}
    fine = {**RECORDS[0], "search": {"collapsed": None}}
    records = [fine, early, *RECORDS[2:]]
    text = document(summarise(records, {}), records, {}, {}, SMALL, "", failed)
    assert f"{bad} failed: exit code 1 (Error: collapsed in epoch 2); the table is with" in text
    assert "s1 collapsed in epoch 4: conv3 holds 27; the best genotype before it is kept." in text
    assert "s0" not in text.replace("searched-s0", "")


def test_kendalls_tau_of_known_ranks():
    def points(ranks):
        return [{"supernet": i, "retrained": rank} for i, rank in enumerate(ranks)]

    assert kendall(points([1, 2, 3, 4]))["tau"] == pytest.approx(1)
    assert kendall(points([4, 3, 2, 1]))["tau"] == pytest.approx(-1)
    one_swap = kendall(points([1, 2, 4, 3]))  # 5 pairs agree, 1 does not
    assert one_swap["tau"] == pytest.approx(4 / 6)
    assert 0 < one_swap["p"] < 1
    assert kendall(points([1, 2]))["tau"] is None
    assert kendall(points([1, 1, 1]))["tau"] is None


def test_only_random_genotypes_trained_in_full_are_ranked():
    assert retrained_psnr(RECORDS) == {"random-0": 31, "random-1": 32, "random-2": 33}


def test_the_winner_of_a_random_search_is_chosen_on_validation_pairs(tmp_path):
    settings = CompareSettings(**{**vars(SMALL), "candidates": 4})
    bench = Bench(tmp_path, settings, ("d.h5",), ("t.h5",))
    last = next(t for t in plan(settings, side=32) if t.network == "random-search-s0")
    for name, psnr in zip(last.needs, (30.0, 31.0, 31.0, 1.0), strict=True):
        bench.folder(name).mkdir(parents=True)
        record = {"name": name, "psnr_validation": psnr}
        (bench.folder(name) / "trial.json").write_text(json.dumps(record))
    assert bench.arch(last) == str(tmp_path / "genotypes" / "random-search-s0-c01.json")


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


def test_the_record_of_a_search_holds_its_genotype(tmp_path):
    bench = Bench(tmp_path, SMALL, ("d.h5",), ("t.h5",))
    search = next(t for t in plan(SMALL, side=32) if t.kind == "search")
    bench.folder(search.name).mkdir(parents=True)
    genotype = Genotype.sample(3)
    (bench.folder(search.name) / "genotype.json").write_text(genotype.to_json())
    record = bench.record(search, {"seconds": 2.0, "core_seconds": 1.5})
    assert Genotype.from_dict(record["arch"]) == genotype
    assert (record["core_seconds"], record["steps"]) == (1.5, search.steps)
