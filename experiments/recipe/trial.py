"""One trial: a network trained under one setting of the recipe, and its score."""

import math
import os
import statistics
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from nas.data import Pairs, to_tensor
from nas.device import hardware, keep_memory
from nas.space.frame import Slot
from nas.space.genotype import Genotype
from nas.space.network import build
from nas.space.unet import UNet
from nas.training.batches import Batches
from nas.training.loss import psnr, psnr_loss
from nas.training.muon import Muon

HERE = Path(__file__).parent
FLOOR = 1e-7  # learning rate at the end
DECAY = 1e-3
UNETS = ("unet", "unet-residual", "unet-nobn")


@dataclass(frozen=True)
class Setting:
    """A recipe.

    `start`: of genotypes, the slots' beta when training begins; of UNets, the last layer as built
    (1) or zero (0). `rest`: learning rate of AdamW in a Muon training, in units of `lr`. `scope`:
    Muon has "all" convolutions, the "dense" ones (not the depthwise), or of those the "hidden"
    ones (neither first nor last layer).
    """

    optimiser: str = "adamw"
    lr: float = 3e-3
    beta2: float = 0.9
    warmup: float = 0.0
    start: float = 0.1
    batch: int = 8
    crop: int = 48
    newton: int = 3
    scaling: str = "rms"
    scope: str = "all"
    rest: float = 1.0


@dataclass(frozen=True)
class Trial:
    """A training. `length`: steps that AdamW takes with 8 crops of 48 px in the same seconds."""

    network: str
    setting: Setting
    task: str = "gaussian"
    width: int = 8
    length: int = 1000
    seed: int = 0


class Held(Pairs):
    """Pairs in memory: reading costs the same in every trial."""

    def __init__(self, path: Path) -> None:
        super().__init__(path)
        self.held = super().raw(range(len(self)))

    def raw(
        self, indices: Sequence[int], out: np.ndarray | None = None
    ) -> tuple[np.ndarray, np.ndarray]:
        rows = list(indices)
        return self.held[0][rows], self.held[1][rows]


def network_of(name: str, width: int, start: float) -> nn.Module:
    """A fresh network; "random-1" and the like are genotypes beside this file."""
    path = HERE / "genotypes" / f"{name}.json"
    arch = Genotype.load(path).to_dict() if path.exists() else name
    net = build(arch, width)
    if isinstance(net, UNet):
        net.leave.reset_parameters()
    with torch.no_grad():
        if isinstance(net, UNet):
            for p in net.leave.parameters():
                p.mul_(start)
        for module in net.modules():
            if isinstance(module, Slot):
                module.beta.fill_(start)
    return net.to(memory_format=torch.channels_last)  # type: ignore[call-overload]


def optimisers_of(net: nn.Module, s: Setting) -> list[torch.optim.Optimizer]:
    """AdamW for all, or Muon for the matrices and AdamW for the rest."""

    def adamw(parameters: list[Tensor], lr: float) -> torch.optim.Optimizer:
        betas = (0.9, s.beta2)
        return torch.optim.AdamW(parameters, lr=lr, betas=betas, weight_decay=DECAY, fused=True)

    if s.optimiser == "adamw":
        return [adamw(list(net.parameters()), s.lr)]
    convs = [m for m in net.modules() if isinstance(m, nn.Conv2d | nn.ConvTranspose2d)]
    if s.scope != "all":
        convs = [conv for conv in convs if conv.groups == 1]
    if s.scope == "hidden":
        convs = [c for c in convs if c.in_channels != 3 and c.out_channels != 3]
    matrices = [conv.weight for conv in convs]
    own = {id(p) for p in matrices}
    others = [p for p in net.parameters() if id(p) not in own]
    muon = Muon(matrices, s.lr, weight_decay=DECAY, steps=s.newton)
    return [muon, adamw(others, s.lr * s.rest)]


def rate(step: int, steps: int, warmup: float) -> float:
    """The learning rate of a step in units of its highest: a rise, then a cosine."""
    rise = round(warmup * steps)
    if step < rise:
        return (step + 1) / rise
    return 0.5 * (1 + math.cos(math.pi * (step - rise) / (steps - rise)))


class Training:
    """A network, its optimisers and its batches; `step(k)` for k = 0, 1, ... trains."""

    def __init__(self, trial: Trial, pairs: Held) -> None:
        s = self.setting = trial.setting
        torch.manual_seed(trial.seed)
        self.net = network_of(trial.network, trial.width, s.start)
        self.optimisers = optimisers_of(self.net, s)
        self.highest = [[group["lr"] for group in o.param_groups] for o in self.optimisers]
        self.batches = Batches(pairs, s.batch, s.crop, trial.seed)
        self.net.train()

    def step(self, step: int, steps: int) -> None:
        blurry, sharp = self.batches[step]
        factor = rate(step, steps, self.setting.warmup)
        loss = psnr_loss(self.net(blurry), sharp)
        for optimiser, rates in zip(self.optimisers, self.highest, strict=True):
            optimiser.zero_grad(set_to_none=True)
            for group, lr in zip(optimiser.param_groups, rates, strict=True):
                group["lr"] = FLOOR + (lr - FLOOR) * factor
        loss.backward()
        torch.nn.utils.clip_grad_norm_(self.net.parameters(), 1.0)
        for optimiser in self.optimisers:
            optimiser.step()


@torch.no_grad()
def score(net: nn.Module, pairs: Held) -> tuple[float, float]:
    """Mean PSNR in dB of the network on whole patches, and of its input."""
    net.eval()
    of_net, of_input = [], []
    for first in range(0, len(pairs), 10):
        blurry, sharp = map(to_tensor, pairs.raw(range(first, min(first + 10, len(pairs)))))
        of_net.append(psnr(net(blurry).clamp(0, 1), sharp))
        of_input.append(psnr(blurry, sharp))
    net.train()
    return torch.cat(of_net).mean().item(), torch.cat(of_input).mean().item()


def pace(trials: Sequence[Trial], pairs: Held, rounds: int = 15) -> list[float]:
    """Median CPU ms of a step of each, taken in turns: a busy machine slows all alike."""
    tasks: list[Callable[[int], None]] = []
    for trial in trials:
        training = Training(trial, pairs)
        tasks.append(lambda k, t=training: t.step(k, 1000))  # type: ignore[misc]
    times: list[list[float]] = [[] for _ in tasks]
    for k in range(rounds + 2):
        for task, each in zip(tasks, times, strict=True):
            began = time.process_time()
            task(k)
            each.append(1e3 * (time.process_time() - began))
    return [statistics.median(each[2:]) for each in times]


def run(trial: Trial, steps: int, training: Held, test: Held) -> Iterator[dict[str, Any]]:
    """Train; yields the score on the way (long trainings: at each tenth), then the result."""
    keep_memory()
    state = Training(trial, training)
    every = steps if steps < 5000 else -(-steps // 10)
    seconds, began = 0.0, time.process_time()
    wall = time.time()
    way = []
    for step in range(steps):
        state.step(step, steps)
        if (step + 1) % every == 0 or step + 1 == steps:
            seconds += time.process_time() - began
            of_net, of_input = score(state.net, test)
            way.append([step + 1, round(of_net, 3)])
            yield {"way": way}
            began = time.process_time()
    facts = hardware(torch.device("cpu"))
    yield {
        "psnr": round(of_net, 4),
        "input": round(of_input, 4),
        "steps": steps,
        "cpu_s": round(seconds, 2),
        "wall_s": round(time.time() - wall, 1),
        "ms_step": round(1e3 * seconds / steps, 2),
        "way": way,
        "load": round(os.getloadavg()[0], 1),
        "cpu": facts["cpu"],
        "torch": facts["torch"],
        "capability": torch.backends.cpu.get_cpu_capability(),
    }
