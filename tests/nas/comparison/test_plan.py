"""The plan of a comparison: every network, in an order in which needs come first."""

from making_compare import SEARCH, SMALL

from nas.comparison.plan import count_candidates, genotype_seeds, plan
from nas.comparison.settings import CompareSettings, parse_search_options


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
    search = parse_search_options(SEARCH.split())
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
    seeds = genotype_seeds(settings, candidates=40)
    assert len(seeds) == len(set(seeds.values())) == 20 + 3 * 40
    names = {t.arch for t in plan(SMALL, side=32) if t.arch.startswith("genotypes/")}
    few = genotype_seeds(
        SMALL, count_candidates(SMALL, parse_search_options(SEARCH.split()), side=32)
    )
    assert names == {f"genotypes/{name}.json" for name in few}
