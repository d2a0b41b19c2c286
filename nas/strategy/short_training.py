"""Short trainings for `nas.strategy.trainings`: one after the other, or in several processes."""

import dataclasses
import signal
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from multiprocessing import get_context

import torch
from tqdm import tqdm

from nas.data import PairSet
from nas.strategy.trainings import Task
from nas.training.trainer import RetrainSettings, Trainer

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
        The result does not depend on it but for rounding.
    """

    def __init__(
        self, pairs: PairSet, settings: RetrainSettings, device: torch.device, processes: int
    ) -> None:
        self.pairs, self.settings, self.device = pairs, settings, device
        self.processes = processes

    def __call__(self, tasks: Sequence[Task]) -> Iterator[Result]:
        if self.processes == 1:
            for task in tasks:
                yield _train(self.pairs, self.settings, self.device, task)
            return
        if not tasks:
            return
        with ProcessPoolExecutor(
            min(self.processes, len(tasks)), get_context("spawn"), _start
        ) as pool:
            futures = [
                pool.submit(_train, self.pairs, self.settings, self.device, task) for task in tasks
            ]
            try:
                for future in as_completed(futures):
                    yield future.result()
            finally:
                pool.shutdown(cancel_futures=True)


def _start() -> None:
    signal.signal(signal.SIGINT, signal.SIG_DFL)  # Ctrl-C ends a worker without a traceback
    torch.set_num_threads(1)


def _train(pairs: PairSet, settings: RetrainSettings, device: torch.device, task: Task) -> Result:
    trainer = Trainer(task.genotype, pairs, dataclasses.replace(settings, seed=task.seed), device)
    start = time.process_time()
    loss = trainer.run(0, settings.steps, tqdm(disable=True))
    seconds = time.process_time() - start
    psnr, _ = trainer.judge()
    finite = torch.isfinite(torch.tensor([loss, psnr])).all()
    return task, psnr if finite else None, seconds
