"""Which recipe trains best, at equal core-seconds: `python experiments/recipe/sweep.py DATA`.

DATA is the folder that `data.py` fills. Trials run one after the other in one thread, rung after
rung (`rungs.py`); each adds a line to results/sweep.jsonl, and one that is there is not run
again, so rerun the command to resume. `--report` writes README.md.
"""

import dataclasses
import os

os.environ["OMP_NUM_THREADS"] = "1"

from functools import cache
from pathlib import Path

import click
import report
import results
import torch
from rungs import RUNGS, today
from trial import Held, Setting, Trial, pace, run

SPEED = results.FOLDER / "speed.jsonl"


def relative_pace(trial: Trial, pairs: Held) -> float:
    """Time of a step in units of AdamW's with 8 crops of 48 px; measured once, then kept."""
    s = trial.setting
    base = Setting(start=s.start)
    own = Setting(batch=s.batch, crop=s.crop, start=s.start)
    if s.optimiser == "muon":
        own = dataclasses.replace(own, optimiser="muon", newton=s.newton, scope=s.scope)
    if own == base:
        return 1.0
    key = {**dataclasses.asdict(own), "network": trial.network, "width": trial.width}
    del key["start"], key["lr"], key["beta2"], key["warmup"], key["scaling"], key["rest"]
    for line in results.read(SPEED):
        if line["key"] == key:
            return line["relative"]
    both = [dataclasses.replace(trial, setting=setting) for setting in (base, own)]
    first, second = pace(both, pairs)
    relative = round(second / first, 3)
    results.append(SPEED, {"key": key, "relative": relative, "ms": [first, second]})
    return relative


@click.command()
@click.argument("data", type=click.Path(file_okay=False, path_type=Path), required=False)
@click.option("--rungs", help="Names, with commas between; all by default.")
@click.option("--last", is_flag=True, help="Begin with the last trial of each rung.")
@click.option("--report", "only_report", is_flag=True, help="Write README.md and stop.")
def main(data: Path | None, rungs: str | None, last: bool, only_report: bool) -> None:
    """Run the trials that are not yet in results/sweep.jsonl."""
    if only_report or data is None:
        report.write(today)
        return
    torch.set_num_threads(1)
    held = cache(lambda name: Held(data / f"{name}.h5"))
    for rung in rungs.split(",") if rungs else RUNGS:
        trials = list(dict.fromkeys(RUNGS[rung]()))
        for trial in reversed(trials) if last else trials:
            if trial in results.load():
                continue
            pairs, test = held(f"{trial.task}-train"), held(f"{trial.task}-test")
            relative = relative_pace(trial, pairs)
            result = {}
            for result in run(trial, round(trial.length / relative), pairs, test):
                if "psnr" not in result and trial.length > 5000:
                    click.echo(f"   {result['way'][-1]}")
            results.save(trial, {"rung": rung, "relative": relative, **result})
            click.echo(
                f"{rung} {trial.network} {trial.task} w{trial.width} s{trial.seed} "
                f"{report.shown(trial.setting)}: {result['psnr']:.3f} dB, {result['steps']} steps, "
                f"{result['cpu_s']:.0f} s of {result['wall_s']:.0f}"
            )


if __name__ == "__main__":
    main()
