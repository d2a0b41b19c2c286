"""The command lines of trials, and the records kept of them."""

import json

from making_compare import SMALL, comparison

from nas.comparison.plan import plan
from nas.comparison.settings import CompareSettings, parse_search_options
from nas.space.genotype import Genotype


def test_everything_is_trained_alike():
    trainings = [t for t in plan(SMALL, side=32) if t.kind == "train"]
    assert {t.steps for t in trainings} == {100}
    compared = comparison("root")
    own = ("--out", "--seed", "--name")
    recipes = set()
    for t in trainings:
        if t.arch:
            words = compared.commands(t, "cpu")[0][4:]
            pairs = zip(words[1::2], words[2::2], strict=True)
            recipes.add(tuple(pair for pair in pairs if pair[0] not in own))
    assert len(recipes) == 1


def test_kinds_of_search_differ_in_their_own_options_alone():
    settings = CompareSettings(**{**vars(SMALL), "variants": ("soft=--sampler softmax",)})
    compared = comparison("root", settings)
    words = {
        t.row: compared.commands(t, "cpu")[0]
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
    kinds = {
        t.row: parse_search_options(t.options) for t in plan(settings, 32) if t.kind == "search"
    }
    assert (kinds["uniform"].warmup, kinds["uniform"].epochs) == (4, 4)
    assert (kinds["soft"].sampler, kinds["searched"].sampler) == ("softmax", "gumbel")


def test_the_winner_of_a_random_search_is_chosen_on_validation_pairs(tmp_path):
    settings = CompareSettings(**{**vars(SMALL), "candidates": 4})
    compared = comparison(tmp_path, settings)
    last = next(t for t in plan(settings, side=32) if t.network == "random-search-s0")
    for name, psnr in zip(last.needs, (30.0, 31.0, 31.0, 1.0), strict=True):
        compared.folder(name).mkdir(parents=True)
        record = {"name": name, "psnr_validation": psnr}
        (compared.folder(name) / "trial.json").write_text(json.dumps(record))
    assert compared.arch(last) == str(tmp_path / "genotypes" / "random-search-s0-c01.json")


def test_the_record_of_a_search_holds_its_genotype(tmp_path):
    compared = comparison(tmp_path)
    search = next(t for t in plan(SMALL, side=32) if t.kind == "search")
    compared.folder(search.name).mkdir(parents=True)
    genotype = Genotype.sample(3)
    (compared.folder(search.name) / "genotype.json").write_text(genotype.to_json())
    record = compared.record(search, {"seconds": 2.0, "core_seconds": 1.5})
    assert Genotype.from_dict(record["arch"]) == genotype
    assert (record["core_seconds"], record["steps"]) == (1.5, search.steps)
