"""The list of a comparison's trials with an estimate of their time."""

import time

import torch

from nas.comparison.folder import Comparison
from nas.comparison.settings import CompareSettings
from nas.console import duration
from nas.space.network import build
from nas.training.loss import psnr_loss

START = 6.0  # seconds that a subprocess takes before its first step, and for its scores


def list_trials(comparison: Comparison, slots: int, device: torch.device, threads: int) -> str:
    """One line per trial, done or with its estimated time, and a last one for all."""
    seconds = seconds_per_pixel(comparison.settings, device, threads)
    lines, remaining = [], 0.0
    for trial in comparison.trials:
        time_needed, state = trial.work * seconds + START, "done"
        if not (comparison.folder(trial.name) / "trial.json").exists():
            remaining += time_needed
            state = f"about {duration(time_needed)}"
        lines.append(f"  {trial.name:24s} {trial.steps:7d} steps  {state}")
    lines.append(
        f"{len(comparison.trials)} trials, {slots} at a time; "
        f"about {duration(remaining / slots)} remaining"
    )
    return "\n".join(lines)


def seconds_per_pixel(settings: CompareSettings, device: torch.device, threads: int) -> float:
    """Measured time of a gradient step of UNet, per pixel of its batch."""
    torch.set_num_threads(threads)
    model = build("unet", settings.width).to(device)
    images = torch.rand(settings.batch, 3, 64, 64, device=device)
    times = []
    for _ in range(4):
        start = time.perf_counter()
        psnr_loss(model(images), images).backward()
        if device.type == "cuda":
            torch.cuda.synchronize(device)
        times.append(time.perf_counter() - start)
    return min(times) / (settings.batch * 64**2)
