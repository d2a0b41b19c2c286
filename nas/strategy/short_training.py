"""Short trainings for `nas.strategy.trainings`, one after the other or in several processes."""

import dataclasses
import json
import logging
import signal
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from multiprocessing import get_context

import torch
from tqdm import tqdm

from blurkit.files import write_whole
from blurkit.store import PairSet
from nas.console import duration
from nas.cost.table import CostTable
from nas.device import hardware
from nas.evaluation.pairs import data_name
from nas.options import for_device
from nas.report.cells_png import plot_cells
from nas.report.charts_png import save_charts
from nas.space.genotype import Genotype
from nas.strategy.budget import budget_of, check_target, cost_table, measure_cost
from nas.strategy.settings import SearchSettings
from nas.strategy.trainings import FINALISTS, Outcome, Task, evolve_by_trainings, read_trials
from nas.strategy.trainings_page import trainings_chart, trainings_page
from nas.training.run import Run
from nas.training.trainer import RetrainSettings, Trainer

log = logging.getLogger("nas")

Result = tuple[Task, float | None, float]  # PSNR in dB, None if it diverged; core seconds


class ShortTrainings:
    """Trains the genotypes of tasks under one recipe (a `Train` of `nas.strategy.trainings`).

    Parameters
    ----------
    pairs : PairSet
        Networks are scored on the part that `nas.retrain` leaves out of training, too.
    settings : RetrainSettings
        Its seed is that of each task.
    device : torch.device
    processes : int >= 1
        Trainings at a time; with more than one, each has a process and, on the CPU, one thread.
        The result does not depend on it, except for rounding. The processes live as long as the
        `with` block.
    """

    def __init__(
        self, pairs: PairSet, settings: RetrainSettings, device: torch.device, processes: int
    ) -> None:
        self.pairs, self.settings, self.device = pairs, settings, device
        self.processes = processes
        self._pool: ProcessPoolExecutor | None = None

    def __enter__(self) -> "ShortTrainings":
        if self.processes > 1:
            self._pool = ProcessPoolExecutor(self.processes, get_context("spawn"), _start)
        return self

    def __exit__(self, *error: object) -> None:
        if self._pool:
            self._pool.shutdown(cancel_futures=True)

    def __call__(self, tasks: Sequence[Task]) -> Iterator[Result]:
        if self._pool is None:
            for task in tasks:
                yield _train(self.pairs, self.settings, self.device, task)
            return
        futures = [
            self._pool.submit(_train, self.pairs, self.settings, self.device, task)
            for task in tasks
        ]
        for future in as_completed(futures):
            yield future.result()


def short_recipe(s: SearchSettings, device: torch.device) -> RetrainSettings:
    """The recipe of `nas.retrain` at the search's width, for fewer steps."""
    given = {"width": s.width, "steps": s.train_steps, "seed": s.seed}
    return for_device(RetrainSettings, device, given)


def check_short_training(pairs: PairSet, s: SearchSettings, device: torch.device) -> None:
    """Refuse pairs that cannot be trained on, as `nas.retrain` does."""
    Trainer("frame", pairs, short_recipe(s, device), device)


def search_by_trainings(
    run: Run,
    pairs: PairSet,
    s: SearchSettings,
    device: torch.device,
    processes: int,
    progress: bool,
) -> Genotype:
    """Fill the folder of a search by short trainings, or complete it.

    Arguments and errors are those of `nas.search.search`.
    """
    folder = run.folder
    if run.finished:
        log.info("%s is complete; --overwrite searches again", folder)
        return Genotype.load(run.product)
    costs = cost_table(folder, s, device, progress)
    check_target(s, costs)
    name, path = data_name(pairs), folder / "trials.jsonl"

    def after_training() -> None:
        write_whole(folder / "report.html", trainings_page(folder, name))

    with ShortTrainings(pairs, short_recipe(s, device), device, processes) as train:
        log.info("%s", _plan(train, costs, s))
        outcome = evolve_by_trainings(
            train,
            costs,
            budget_of(s, costs),
            path,
            randoms=s.randoms,
            trainings=s.trainings,
            seed=s.seed,
            after_training=after_training,
            progress=progress,
        )
    trials = list(read_trials(path).values())
    result = {
        "strategy": "trainings",
        "psnr": outcome.psnr,
        "psnr_again": outcome.psnr_again,
        "random_mean": outcome.random_mean,
        "random_sd": outcome.random_sd,
        "decided": outcome.decided,
        "core_seconds": round(sum(trial.core_seconds for trial in trials), 1),
        "cost": measure_cost(outcome.genotype, s, costs, device) if s.target else None,
        "hardware": {**hardware(device), "processes": processes},
    }
    write_whole(folder / "result.json", json.dumps(result, indent=2) + "\n")
    genotype = outcome.genotype
    log.info("%s", _verdict(outcome))
    save_charts([trainings_chart(trials, outcome.random_mean)], folder / "trainings.png")
    plot_cells(genotype, folder / "cells.png")
    write_whole(folder / "report.html", trainings_page(folder, name, genotype))
    write_whole(run.product, genotype.to_json())
    return genotype


def _plan(train: ShortTrainings, costs: CostTable, s: SearchSettings) -> str:
    """The plan with a time estimate, from three steps of a NAF-like network."""
    recipe, steps = train.settings, 3
    few = dataclasses.replace(recipe, steps=steps)
    trainer = Trainer("naf-half", train.pairs, few, train.device)
    start = time.perf_counter()
    trainer.run(0, steps, tqdm(disable=True))
    seconds = (time.perf_counter() - start) / steps * recipe.steps
    total = s.trainings + FINALISTS
    target = f"; at most {s.target:g} of UNet's {costs.unet:.4g} {costs.unit}" if s.target else ""
    return (
        f"plan: {s.randoms} random genotypes, {s.trainings - s.randoms} children of the best and "
        f"{FINALISTS} second trainings at width {s.width}{target}; each {recipe.steps} steps of "
        f"{recipe.batch} crops {trainer.crop}x{trainer.crop}; {train.processes} at a time on "
        f"{train.device}; about {duration(seconds * total / train.processes)}"
    )


def _verdict(outcome: Outcome) -> str:
    """The last line of a search: whether it was conclusive."""
    gain = outcome.psnr_again - outcome.random_mean
    text = (
        f"the second training is {gain:+.2f} dB from the mean of the random genotypes, "
        f"whose standard deviation is {outcome.random_sd:.2f} dB"
    )
    return f"{'conclusive' if outcome.decided else 'INCONCLUSIVE'}: {text}"


def _start() -> None:
    signal.signal(signal.SIGINT, signal.SIG_DFL)  # Ctrl-C ends a worker without a traceback
    torch.set_num_threads(1)


def _train(pairs: PairSet, settings: RetrainSettings, device: torch.device, task: Task) -> Result:
    trainer = Trainer(task.genotype, pairs, dataclasses.replace(settings, seed=task.seed), device)
    start = time.process_time()
    loss = trainer.run(0, settings.steps, tqdm(disable=True))
    seconds = time.process_time() - start
    psnr, _ = trainer.validate()
    finite = torch.isfinite(torch.tensor([loss, psnr])).all()
    return task, psnr if finite else None, seconds
