"""Train one network: `python -m nas.retrain ARCH data.h5 --out DIR`.

The recipe is the same for every network (`nas.training.recipe`).

`torchrun --nproc-per-node N -m nas.retrain ...` shares each batch among N processes.
"""

import dataclasses
import logging
from pathlib import Path
from typing import Any

import click

from blurkit.errors import SettingError, exit_codes
from blurkit.progress import bar
from nas.checkpoint import save_model
from nas.console import show_log
from nas.data import Data, open_data
from nas.device import hardware, pick
from nas.options import DATASET, for_device, options
from nas.space.genotype import Genotype
from nas.space.network import BUILT_IN
from nas.training.distributed import current_ranks, join_ranks, launch
from nas.training.plots import plot_training
from nas.training.run import Run
from nas.training.trainer import RetrainSettings, Trainer

log = logging.getLogger("nas")


def parse_arch(text: str) -> tuple[str, str | dict[str, Any]]:
    """The command line's ARCH as (name, arch for `nas.space.network.build`).

    Raises
    ------
    SettingError
        "ARCH must be an existing genotype file or one of unet, unet-residual, conv, ...,
        got 'resnet'"
    FileError
        the file is not a genotype
    """
    if text in BUILT_IN:
        return text, text
    if not Path(text).is_file():
        raise SettingError(
            f"ARCH must be an existing genotype file or one of {', '.join(BUILT_IN)}, got {text!r}"
        )
    return "searched", Genotype.load(text).to_dict()


@join_ranks()
def retrain(
    arch: str | dict[str, Any],
    data: Data,
    out: str | Path,
    settings: RetrainSettings | None = None,
    *,
    name: str | None = None,
    init: str | Path | None = None,
    device: str = "auto",
    overwrite: bool = False,
    progress: bool = True,
) -> Path:
    """Train a network, from scratch or from given weights; repeat the call to resume a stopped run.

    Parameters
    ----------
    arch : name of a built-in network, or a genotype as a dict (`Genotype.to_dict`)
    data : path of a dataset file, a pattern such as "blur-*.h5", several of them, or a PairSet
    out : folder for model.safetensors, log.jsonl, training.png, tensorboard/, settings.json
    settings : RetrainSettings, the defaults for the device if None
    name : what tables call the network; the built-in name or "searched" if None
    init : a model.safetensors, or its folder, with the initial weights, of the same network except
        that slots may be empty there: the operations in these slots start as the identity
    device : "auto", "cpu", "cuda" or "cuda:N"
    overwrite : discard what `out` holds and start over
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
        `init` holds another network, or a loss is not finite

    Notes
    -----
    Under torchrun, all processes make this call and train one network together: they share each
    batch, and rank 0 writes the folder. The result is that of a single process up to rounding. An
    interrupted run may be resumed with another number of processes.
    """
    ranks = current_ranks()
    where, folder, pairs = pick(device), Path(out), open_data(data)
    s = settings or for_device(RetrainSettings, where, {})
    trainer = Trainer(arch, pairs, s, where, ranks)  # checks the settings, so before the folder
    facts = {**dataclasses.asdict(s), "arch": arch, "data": pairs.identity}
    if init is not None:
        facts["init"] = trainer.load_weights(Path(init))
    also = ("log.jsonl", "training.png")
    with Run(folder, facts, "model.safetensors", overwrite, also, ranks) as run:
        if run.finished:
            log.info("%s is complete; --overwrite starts over", folder)
        else:
            name = name or (arch if isinstance(arch, str) else "searched")
            _train(run, trainer, name, arch, facts, progress and ranks.first)
    return run.product


def _train(
    run: Run,
    trainer: Trainer,
    name: str,
    arch: str | dict[str, Any],
    facts: dict[str, Any],
    progress: bool,
) -> None:
    """Train from the last saved state to the end, and write the checkpoint."""
    s, device, ranks = trainer.settings, trainer.device, run.ranks
    run.resume(trainer.net, trainer.optimisers)
    done = run.history[-1]["step"] if run.history else 0
    log.info(
        "%s: %.2f M parameters, %d steps of %d crops %dx%d on %s%s",
        name,
        sum(p.numel() for p in trainer.net.parameters()) / 1e6,
        s.steps,
        s.batch,
        trainer.crop,
        trainer.crop,
        device,
        f", {ranks.count} processes" if ranks.count > 1 else "",
    )
    with bar(s.steps, f"train {name}", "step", initial=done, disable=not progress) as steps:
        while done < s.steps:
            stop = min(done + s.every, s.steps)
            loss = trainer.run(done, stop, steps)
            psnr, untouched = trainer.validate()
            steps.set_postfix_str(f"{psnr:.2f} dB (input {untouched:.2f})")
            done = stop
            epoch = {"step": done, "loss": loss, "psnr": psnr, "psnr_input": untouched}
            run.save(trainer.net, trainer.optimisers, epoch)
    if ranks.first:
        info = {
            "name": name,
            "arch": arch,
            "width": s.width,
            "window": trainer.crop,
            "settings": facts,
            "hardware": {**hardware(device), "processes": ranks.count},
            "validation": run.history[-1],
        }
        save_model(run.product, trainer.net, info)
        plot_training(run.history, run.folder / "training.png")
    run.finish()


@click.command()
@click.argument("arch")
@click.argument("data", nargs=-1, required=True, metavar="DATA...", type=DATASET)
@click.option("--out", required=True, type=click.Path(path_type=Path), help="Folder to write to.")
@click.option(
    "--init",
    type=click.Path(exists=True, path_type=Path),
    help="Checkpoint, or its folder, with the initial weights. Its network must be the same, "
    "except that slots may be empty where ARCH has an operation.",
)
@click.option(
    "--name",
    help="Name of the network in tables.  [default: the built-in name or 'searched']",
)
@click.option("--device", default="auto", show_default=True, help="One of auto, cpu, cuda, cuda:N.")
@click.option("--overwrite", is_flag=True, help="Discard the run in --out and start over.")
@options(RetrainSettings)
def main(
    arch: str,
    data: tuple[str, ...],
    out: Path,
    init: Path | None,
    name: str | None,
    device: str,
    overwrite: bool,
    **given: Any,
) -> None:
    """Train the network ARCH on the pairs of DATA.

    ARCH is a genotype file, or one of unet, unet-residual, unet-nobn, frame, conv, naf, naf-half.

    Writes OUT/model.safetensors and a log. You can stop it at any time: rerun the command to
    resume from the last saved state.
    """
    with exit_codes(), show_log():
        default_name, parsed = parse_arch(arch)
        settings = for_device(RetrainSettings, pick(device), given)
        path = retrain(
            parsed,
            data,
            out,
            settings,
            name=name or default_name,
            init=init,
            device=device,
            overwrite=overwrite,
        )
        click.echo(f"model: {path}   log: {out / 'log.jsonl'}")


if __name__ == "__main__":
    launch(main, "python -m nas.retrain")
