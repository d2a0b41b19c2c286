"""Search by short trainings: evolution in which every genotype is trained from scratch.

The first generation is drawn uniformly from the genotypes whose predicted cost is within a band
below the budget. Later generations are children of the best so far: a few choices drawn anew, at a
cost within the budget (evolution as in Real et al. 2019, "Regularized Evolution for Image
Classifier Architecture Search", with elitism instead of ageing, as there are so few trainings).
Every training is short but complete: its learning rate falls to zero, because the ranking of
trainings that are cut off is mostly noise. Each has its own seed, so that no seed favours a
generation. The best are trained once more, and the best mean of the two scores wins.
"""

import json
import math
import os
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from statistics import fmean, stdev
from typing import Any

import numpy as np

from blurkit.errors import FileError
from blurkit.progress import bar
from nas.cost.table import CostTable
from nas.space.genotype import FUSION_NAMES, OPERATION_NAMES, Genotype

BAND = 0.9  # the first generation costs at least this share of the budget
ELITE = 3  # parents of a generation: the best so far
BROOD = 4  # children in a generation
CHANGES = 3  # choices that a child draws anew
FINALISTS = 3  # trained again from another seed
TRIES = 1000  # rejected children before evolution gives up
SEEDS = 100_000  # the seed of training k of a search is SEEDS times the search's, plus k


@dataclass(frozen=True)
class Task:
    """A training to be done: everything that determines it, apart from data and recipe."""

    number: int
    generation: int  # -1: a finalist's second training
    parent: int | None  # number of the task whose genotype was changed, or is trained again
    genotype: dict[str, Any]
    seed: int


@dataclass(frozen=True)
class Trial:
    """A task and how its training ended.

    psnr : dB on the selection pairs; None if the training diverged
    core_seconds : CPU time of the training, without scoring
    """

    task: Task
    cost: float
    psnr: float | None
    core_seconds: float

    @property
    def score(self) -> float:
        return -math.inf if self.psnr is None else self.psnr


Train = Callable[[Sequence[Task]], Iterator[tuple[Task, float | None, float]]]


@dataclass(frozen=True)
class Outcome:
    """The result of the trainings.

    genotype : the best finalist by the mean of its two trainings
    psnr : that mean, dB
    psnr_again : PSNR of its second training, dB, on which the choice of finalists did not depend
    random_mean, random_sd : of the first generation, dB
    """

    genotype: Genotype
    psnr: float
    psnr_again: float
    random_mean: float
    random_sd: float

    @property
    def decided(self) -> bool:
        """Whether the second training is more than a deviation above the random genotypes."""
        return self.psnr_again > self.random_mean + self.random_sd


def evolve_by_trainings(
    train: Train,
    costs: CostTable,
    budget: float,
    path: Path,
    *,
    randoms: int,
    trainings: int,
    seed: int,
    after_training: Callable[[], None] = lambda: None,
    progress: bool = False,
) -> Outcome:
    """Evolve genotypes by short trainings; the same call resumes an interrupted search.

    Parameters
    ----------
    train : callable tasks -> iterator of (task, PSNR in dB or None, core seconds)
        Trains the genotypes, in any order and at any degree of parallelism.
    costs : CostTable
    budget : float
        Largest predicted cost, in the table's unit.
    path : path
        A JSON line per finished training. Trainings that it already contains are not repeated.
    randoms : int >= 2
        Genotypes of the first generation.
    trainings : int >= randoms
        Trainings in all, not counting the second ones of the finalists.
    seed : int
        Determines genotypes and trainings, together with the scores so far.
    after_training : callable () -> None
        Called after each training.
    progress : bool
        Show a progress bar.

    Raises FileError if every training diverged.
    """
    trials = read_trials(path)
    total = trainings + FINALISTS
    with (
        open(path, "a", encoding="utf-8") as file,
        bar(total, "trainings", "training", initial=len(trials), disable=not progress) as shown,
    ):

        def finish(tasks: list[Task]) -> None:
            waiting = [task for task in tasks if task.number not in trials]
            for task, psnr, seconds in train(waiting):
                cost = costs.of(Genotype.from_dict(task.genotype))
                trials[task.number] = Trial(task, cost, psnr, round(seconds, 2))
                file.write(json.dumps(asdict(trials[task.number])) + "\n")
                file.flush()
                os.fsync(file.fileno())
                shown.update()
                best = max(trial.score for trial in trials.values())
                shown.set_postfix_str(f"best {best:.2f} dB")
                after_training()

        tasks = _first(costs, budget, randoms, seed)
        finish(tasks)
        generation = 0
        while len(tasks) < trainings:
            generation += 1
            done = [trials[task.number] for task in tasks]
            count = min(BROOD, trainings - len(tasks))
            children = _children(done, costs, budget, generation, count, seed)
            finish(children)
            tasks += children
        done = [trials[task.number] for task in tasks]
        if all(trial.psnr is None for trial in done):
            raise FileError(f"{path}: every training diverged; try a lower --lr")
        finalists = sorted(done, key=lambda trial: -trial.score)[:FINALISTS]
        again = [
            _task(len(tasks) + i, -1, trial.task.number, trial.task.genotype, seed)
            for i, trial in enumerate(finalists)
        ]
        finish(again)
    return _outcome(finalists, [trials[task.number] for task in again], done[:randoms])


def _outcome(finalists: list[Trial], again: list[Trial], randoms: list[Trial]) -> Outcome:
    means = [(one.score + other.score) / 2 for one, other in zip(finalists, again, strict=True)]
    best = int(np.argmax(means))
    scores = [trial.psnr for trial in randoms if trial.psnr is not None]
    return Outcome(
        Genotype.from_dict(finalists[best].task.genotype),
        psnr=means[best],
        psnr_again=again[best].score,
        random_mean=fmean(scores) if scores else -math.inf,
        random_sd=stdev(scores) if len(scores) > 1 else math.nan,
    )


def _first(costs: CostTable, budget: float, count: int, seed: int) -> list[Task]:
    """Genotypes drawn uniformly among those within the band."""
    cheapest, costliest = costs.bounds()
    high = min(budget, costliest)
    low = max(BAND * high, cheapest)
    drawn = [costs.sample(SEEDS * seed + i, low, high) for i in range(count)]
    return [_task(i, 0, None, genotype.to_dict(), seed) for i, genotype in enumerate(drawn)]


def _children(
    done: list[Trial], costs: CostTable, budget: float, generation: int, count: int, seed: int
) -> list[Task]:
    """Genotypes not seen before, each a changed copy of one of the best, in turn."""
    rng = np.random.default_rng((seed, 4, generation))
    parents = sorted(done, key=lambda trial: -trial.score)[:ELITE]
    seen = {json.dumps(trial.task.genotype) for trial in done}
    children: list[Task] = []
    for _ in range(TRIES):
        parent = parents[int(rng.integers(len(parents)))].task
        child = mutate(Genotype.from_dict(parent.genotype), rng)
        text = json.dumps(child.to_dict())
        if text in seen or costs.of(child) > budget:
            continue
        seen.add(text)
        number = len(done) + len(children)
        children.append(_task(number, generation, parent.number, child.to_dict(), seed))
        if len(children) == count:
            return children
    raise FileError(f"no child of the best genotypes was found within {budget:.4g} {costs.unit}")


def _task(
    number: int, generation: int, parent: int | None, genotype: dict[str, Any], seed: int
) -> Task:
    return Task(number, generation, parent, genotype, SEEDS * seed + number)


def mutate(genotype: Genotype, rng: np.random.Generator, changes: int = CHANGES) -> Genotype:
    """The genotype with that many of its 31 choices drawn anew, each different from before."""
    operations, fusions = genotype.flat(), genotype.flat_fusions()
    rows: list[tuple[list[str], int, tuple[str, ...]]] = [
        *((operations, i, OPERATION_NAMES) for i in range(len(operations))),
        *((fusions, i, FUSION_NAMES) for i in range(len(fusions))),
    ]
    for place in rng.choice(len(rows), size=changes, replace=False):
        row, i, names = rows[place]
        others = [name for name in names if name != row[i]]
        row[i] = others[int(rng.integers(len(others)))]
    return Genotype.from_flat(operations, fusions, genotype.widths)


def read_trials(path: Path) -> dict[int, Trial]:
    """The finished trainings by number; a last line cut short is dropped from the file."""
    if not path.exists():
        return {}
    text = path.read_text(encoding="utf-8")
    whole = text[: text.rfind("\n") + 1]
    if whole != text:
        path.write_text(whole, encoding="utf-8")
    try:
        records = [json.loads(line) for line in whole.splitlines()]
        trials = [Trial(**{**record, "task": Task(**record["task"])}) for record in records]
    except (ValueError, TypeError, KeyError) as error:
        raise FileError(f"{path}: not a log of trainings ({error})") from error
    return {trial.task.number: trial for trial in trials}
