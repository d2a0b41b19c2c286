"""Train one network from scratch: `python -m nas.retrain ARCH data.h5 --out DIR`.

The recipe is NAFNet's (Chen et al. 2022): AdamW with betas (0.9, 0.9), cosine to 1e-7, random
crops with flips and turns, PSNR loss. Every network gets the same one.

`torchrun --nproc-per-node N -m nas.retrain ...` shares each batch among N processes.
"""

import dataclasses
import logging
import math
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import click
import torch
from torch import nn

from blurkit.errors import SettingError, exit_codes
from blurkit.progress import bar

from . import show
from .batch_norm import share_statistics
from .cell import STRIDE
from .checkpoint import save_model
from .data import Batches, Data, fit_crop, open_data, split
from .device import hardware, pick
from .genotype import Genotype
from .loss import psnr, psnr_loss
from .network import BUILT_IN, WIDEST, build
from .options import DATASET, check, for_device, options, setting
from .ranks import here, joined, start
from .run import Run, talk

log = logging.getLogger("nas")

SHARES = (0.97, 0.03)  # of the pairs: training, and the curve in the log
MOST_VALIDATION = 128


@dataclass(frozen=True)
class RetrainSettings:
    """All that decides a training, beside network and data.

    Raises SettingError "steps must be >= 1, got 0" and the like.
    """

    width: int = setting(8, "channels of the first level", cuda=32, least=1, most=WIDEST)
    steps: int = setting(4000, "training steps", cuda=100_000, least=1)
    batch: int = setting(8, "pairs in a batch", cuda=32, least=1)
    crop: int = setting(64, "side of the training crops, in pixels", cuda=128)
    lr: float = setting(3e-3, "learning rate at the start", cuda=1e-3, least=1e-9)
    every: int = setting(200, "steps between saved states", cuda=1000, least=1)
    seed: int = setting(0, "decides initial weights and batches", least=0)

    def __post_init__(self) -> None:
        check(self)


def parse_arch(text: str) -> tuple[str, str | dict[str, Any]]:
    """ARCH of the command line: (name, arch for `nas.network.build`).

    Raises
    ------
    SettingError
        "ARCH must be an existing genotype file or one of unet, unet-residual, conv, ...,
        got 'resnet'"
    FileError
        the file is no genotype
    """
    if text in BUILT_IN:
        return text, text
    if not Path(text).is_file():
        raise SettingError(
            f"ARCH must be an existing genotype file or one of {', '.join(BUILT_IN)}, got {text!r}"
        )
    return "searched", Genotype.load(text).to_dict()


class Trainer:
    """A network, its optimiser and its batches."""

    def __init__(
        self, arch: str | dict[str, Any], data: Data, s: RetrainSettings, device: torch.device
    ) -> None:
        self.settings, self.device, self.ranks = s, device, here()
        torch.manual_seed(s.seed)
        self.net: nn.Module = build(arch, s.width)
        self.net.to(device, memory_format=torch.channels_last)  # type: ignore[call-overload]
        share_statistics(self.net, self.ranks)
        training, self.validation = split(data, SHARES)
        self.crop = fit_crop(s.crop, training, STRIDE)
        self.batches = Batches(training, s.batch, self.crop, s.seed, self.ranks.part)
        self.optimiser = torch.optim.AdamW(
            self.net.parameters(), lr=s.lr, betas=(0.9, 0.9), weight_decay=1e-3, fused=True
        )

    def run(self, start: int, stop: int, progress: Any) -> float:
        """Steps start .. stop-1; the mean loss."""
        self.net.train()
        losses = []
        on_cuda = self.device.type == "cuda"
        for step, (blurry, sharp) in enumerate(self.batches.run(start, stop), start=start):
            fall = 0.5 * (1 + math.cos(math.pi * step / self.settings.steps))
            self.optimiser.param_groups[0]["lr"] = 1e-7 + (self.settings.lr - 1e-7) * fall
            with torch.autocast("cuda", torch.bfloat16, enabled=on_cuda):
                restored = self.net(blurry.to(self.device, non_blocking=True))
            loss = psnr_loss(restored, sharp.to(self.device, non_blocking=True))
            self.optimiser.zero_grad(set_to_none=True)
            loss.backward()
            self.ranks.mean_gradients(self.net.parameters())
            torch.nn.utils.clip_grad_norm_(self.net.parameters(), 1.0)
            self.optimiser.step()
            losses.append(loss.detach())
            progress.update()
        return self.ranks.mean(torch.stack(losses).mean()).item()

    @torch.no_grad()
    def judge(self) -> tuple[float, float]:
        """Mean PSNR in dB on the validation pairs: of the network, and of its blurry input."""
        self.net.eval()
        scores = [torch.empty(0, 2, device=self.device)]  # a rank may get none
        for blurry, sharp in self.validation.batches(
            self.settings.batch, STRIDE, MOST_VALIDATION, self.ranks.part
        ):
            blurry, sharp = blurry.to(self.device), sharp.to(self.device)
            of_net = psnr(self.net(blurry).clamp(0, 1), sharp)
            scores.append(torch.stack((of_net, psnr(blurry, sharp)), dim=1))
        network, untouched = self.ranks.gather(torch.cat(scores)).unbind(1)
        return network.mean().item(), untouched.mean().item()


@joined()
def retrain(
    arch: str | dict[str, Any],
    data: Data,
    out: str | Path,
    settings: RetrainSettings | None = None,
    *,
    name: str | None = None,
    device: str = "auto",
    overwrite: bool = False,
    progress: bool = True,
) -> Path:
    """Train a network from scratch; the same call goes on after an interruption.

    Parameters
    ----------
    arch : name of a built-in network, or a genotype as a dict (`Genotype.to_dict`)
    data : path of a dataset file, a pattern such as "blur-*.h5", several of them, or a PairSet
    out : folder for model.safetensors, log.jsonl, training.png, tensorboard/, settings.json
    settings : RetrainSettings, the defaults for the device if None
    name : what tables call the network; the built-in name or "searched" if None
    device : "auto", "cpu", "cuda" or "cuda:N"
    overwrite : start again whatever `out` holds
    progress : show a progress bar

    Returns
    -------
    path : of model.safetensors (weights, genotype and settings inside)

    Raises
    ------
    SettingError
        a setting breaks its rule
    FileError
        the data cannot be read, the folder cannot be written or holds a run with other settings,
        or a loss is not finite

    Notes
    -----
    In each of the processes that torchrun started, the same call trains one network: a batch is
    shared among them, and the first writes the folder. The result is that of one process but for
    rounding; how many they are may change between an interruption and the next call.
    """
    ranks = here()
    where, folder, pairs = pick(device), Path(out), open_data(data)
    s = settings or for_device(RetrainSettings, where, {})
    trainer = Trainer(arch, pairs, s, where)  # refuses bad settings before the folder
    facts = {**dataclasses.asdict(s), "arch": arch, "data": pairs.identity}
    run = Run(folder, facts, "model.safetensors", overwrite)
    if run.finished:
        log.info("%s is complete; --overwrite trains again", folder)
        return run.product
    optimisers = {"weights": trainer.optimiser}
    run.resume(trainer.net, optimisers)
    name = name or (arch if isinstance(arch, str) else "searched")
    size = sum(p.numel() for p in trainer.net.parameters())
    done = run.history[-1]["step"] if run.history else 0
    log.info(
        "%s: %.2f M parameters, %d steps of %d crops %dx%d on %s%s",
        *(name, size / 1e6, s.steps, s.batch, trainer.crop, trainer.crop, where),
        f", {ranks.count} processes" if ranks.count > 1 else "",
    )
    hidden = not (progress and ranks.first)
    with bar(s.steps, f"train {name}", "step", initial=done, disable=hidden) as steps:
        while done < s.steps:
            stop = min(done + s.every, s.steps)
            loss = trainer.run(done, stop, steps)
            psnr, untouched = trainer.judge()
            steps.set_postfix_str(f"{psnr:.2f} dB (input {untouched:.2f})")
            done = stop
            epoch = {"step": done, "loss": loss, "psnr": psnr, "psnr_input": untouched}
            run.save(trainer.net, optimisers, epoch)
    if ranks.first:
        show.plot_training(run.history, folder / "training.png")
        info = {
            "name": name,
            "arch": arch,
            "width": s.width,
            "settings": facts,
            "hardware": {**hardware(where), "processes": ranks.count},
            "validation": run.history[-1],
        }
        save_model(run.product, trainer.net, info)
    run.finish()
    return run.product


@click.command()
@click.argument("arch")
@click.argument("data", nargs=-1, required=True, metavar="DATA...", type=DATASET)
@click.option("--out", required=True, type=click.Path(path_type=Path), help="Folder to fill.")
@click.option("--name", help="What tables call it.  [default: the built-in name or 'searched']")
@click.option("--device", default="auto", show_default=True, help="auto, cpu, cuda or cuda:N")
@click.option("--overwrite", is_flag=True, help="Start again whatever --out holds.")
@options(RetrainSettings)
def main(
    arch: str,
    data: tuple[str, ...],
    out: Path,
    name: str | None,
    device: str,
    overwrite: bool,
    **given: Any,
) -> None:
    """Train ARCH on the pairs of DATA: a genotype file, or unet, unet-residual, frame, conv, naf,
    naf-half.

    Writes OUT/model.safetensors and a log. Stop it at any time: the same command goes on where
    the last state was saved.
    """
    with exit_codes(), talk():
        of_arch, parsed = parse_arch(arch)
        settings = for_device(RetrainSettings, pick(device), given)
        path = retrain(
            *(parsed, data, out, settings),
            name=name or of_arch,
            device=device,
            overwrite=overwrite,
        )
        click.echo(f"model: {path}   log: {out / 'log.jsonl'}")


if __name__ == "__main__":
    start(main, "python -m nas.retrain")
