"""Search by short trainings: planted optima, budget, resumption, divergence."""

import json
import math

import numpy as np
import pytest
from making_search import toy_table

from blurkit.errors import FileError
from nas.space.genotype import Genotype
from nas.strategy.trainings import FINALISTS, Task, evolve_by_trainings, mutate

COSTS = toy_table()
BUDGET = COSTS.unet
SIZES = {"randoms": 6, "trainings": 40, "seed": 0}


def convolutions(task):
    """Deeper convolutions are better; the seed adds a little noise."""
    genotype = Genotype.from_dict(task.genotype)
    count = sum(name == "conv3" for name in genotype.flat()[9:18])
    return 25 + count + 0.01 * (task.seed % 7)


class Toy:
    """A `Train` that counts, and stops after some trainings."""

    def __init__(self, score=convolutions, most=math.inf, backwards=False):
        self.score, self.most, self.backwards = score, most, backwards
        self.trained = []

    def __call__(self, tasks):
        for task in reversed(tasks) if self.backwards else tasks:
            if len(self.trained) >= self.most:
                raise KeyboardInterrupt
            self.trained.append(task.number)
            yield task, self.score(task), 1.0


def run(path, train, **changes):
    return evolve_by_trainings(train, COSTS, BUDGET, path, **{**SIZES, **changes})


def test_what_is_planted_is_found_within_the_budget(tmp_path):
    ahead = 0
    for seed in range(10):
        outcome = run(tmp_path / f"{seed}.jsonl", Toy(), seed=seed, trainings=60)
        assert COSTS.of(outcome.genotype) <= BUDGET
        ahead += outcome.psnr > outcome.random_mean + 2 * outcome.random_sd
        assert outcome.decided
    assert ahead >= 9


def test_the_first_generation_fills_the_budget_and_each_genotype_is_trained_once(tmp_path):
    toy = Toy()
    run(tmp_path / "a.jsonl", toy)
    trials = [json.loads(line) for line in (tmp_path / "a.jsonl").read_text().splitlines()]
    assert sorted(toy.trained) == list(range(SIZES["trainings"] + FINALISTS))
    first = [trial for trial in trials if trial["task"]["generation"] == 0]
    assert len(first) == SIZES["randoms"]
    assert all(0.9 * BUDGET <= trial["cost"] <= BUDGET for trial in first)
    once = [t["task"]["genotype"] for t in trials if t["task"]["generation"] >= 0]
    assert len({json.dumps(genotype) for genotype in once}) == SIZES["trainings"]


@pytest.mark.parametrize("stop", [0, 3, 17, SIZES["trainings"] + 1])
def test_an_interrupted_search_ends_where_an_uninterrupted_one_does(tmp_path, stop):
    whole = run(tmp_path / "whole.jsonl", Toy())
    path = tmp_path / "parts.jsonl"
    with pytest.raises(KeyboardInterrupt):
        run(path, Toy(most=stop))
    with open(path, "a") as file:
        file.write('{"task": {"numb')  # killed while writing
    rest = Toy()
    assert run(path, rest) == whole
    assert len(rest.trained) == SIZES["trainings"] + FINALISTS - stop


def test_the_order_of_finishing_does_not_matter(tmp_path):
    forwards = run(tmp_path / "a.jsonl", Toy())
    assert run(tmp_path / "b.jsonl", Toy(backwards=True)) == forwards


def test_a_diverged_training_ranks_last(tmp_path):
    best = run(tmp_path / "a.jsonl", Toy(lambda t: None if t.number % 2 else convolutions(t)))
    assert math.isfinite(best.psnr)
    with pytest.raises(FileError, match="every training diverged"):
        run(tmp_path / "b.jsonl", Toy(lambda task: None))


def test_no_signal_is_not_called_decided(tmp_path):
    """The scores of the second trainings have no part in choosing the finalists."""
    rng = np.random.default_rng(0)
    decided = [
        run(tmp_path / f"{k}.jsonl", Toy(lambda task: rng.normal()), seed=k).decided
        for k in range(20)
    ]
    assert 0 < sum(decided) < 20


def test_a_damaged_log_is_refused_by_name(tmp_path):
    path = tmp_path / "a.jsonl"
    path.write_text('{"task": 3}\n')
    with pytest.raises(FileError, match=r"a\.jsonl: not a log of trainings"):
        run(path, Toy())


def test_a_mutation_changes_three_choices():
    rng = np.random.default_rng(0)
    for seed in range(20):
        genotype = Genotype.sample(seed)
        child = mutate(genotype, rng)
        rows = zip(
            genotype.flat() + genotype.flat_fusions(),
            child.flat() + child.flat_fusions(),
            strict=True,
        )
        assert sum(a != b for a, b in rows) == 3


def test_tasks_survive_json():
    task = Task(1, 0, None, Genotype.sample(0).to_dict(), 0)
    assert Task(**json.loads(json.dumps(task.__dict__))) == task
