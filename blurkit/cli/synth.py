"""`blurkit synth`"""

import re
import time
from pathlib import Path
from typing import Any

import click

from blurkit.camera.camera import PRESETS
from blurkit.cli.options import chosen_blur, mix_option, walk_options
from blurkit.dataset.settings import SynthSettings
from blurkit.errors import SettingError, exit_codes
from blurkit.kernel.walk import Walk

DEFAULT = SynthSettings()


@click.command(context_settings={"show_default": True})
@click.option("--n", type=int, default=DEFAULT.n, help="Pairs to make.")
@click.option(
    "--out", type=click.Path(dir_okay=False), default="blur.h5", help="The HDF5 file to make."
)
@click.option(
    "--images",
    type=click.Path(exists=True, file_okay=False),
    help="Folder of sharp photos, searched recursively.  [default: scenes are generated]",
)
@click.option("--patch", type=int, default=DEFAULT.patch, help="Side of the patches, in pixels.")
@click.option("--kernel", type=int, default=DEFAULT.kernel, help="Side of the kernels, odd.")
@click.option("--seed", type=int, default=DEFAULT.seed, help="Same seed, same bytes.")
@click.option("--start", type=int, default=DEFAULT.start, help="Index of the first sample.")
@click.option(
    "--preset",
    "camera",
    type=click.Choice(list(PRESETS)),
    help="The camera. naive: the blur acts on the stored values; clean: on linear light; "
    "realistic: with exposure, bright highlights and noise as well.  [default: realistic for "
    "--images, else naive]",
)
@mix_option
@walk_options
@click.option(
    "--threads",
    type=int,
    help="[default: all processors; with --dask, 1 a task]  The bytes do not change.",
)
@click.option("--shards", type=int, metavar="K", help="Make K files, each of which stands alone.")
@click.option(
    "--shard",
    metavar="i/K",
    help="Make one file of K alone, 0 <= i < K: for array jobs, one a task.",
)
@click.option(
    "--dask",
    metavar="ADDRESS",
    help="Hand the --shards to this Dask scheduler, such as tcp://HOST:8786; all its workers must "
    "share the folders of --out and --images.",
)
@click.option("--overwrite", is_flag=True, help="Throw away what is at --out and begin again.")
@click.option("--quiet", is_flag=True, help="No progress bar.")
def synth(
    out: str,
    threads: int | None,
    shards: int | None,
    shard: str | None,
    dask: str | None,
    overwrite: bool,
    quiet: bool,
    mix: str | None,
    interpolation: str,
    **options: Any,
) -> None:
    """Make a dataset of blurry/sharp pairs in one HDF5 file, or in several.

    Stop it whenever you like: the same command goes on where it was.
    """
    with exit_codes():
        if shard is not None and shards is not None:
            raise SettingError("give either --shards K or --shard i/K")
        if dask is not None and shards is None:
            raise SettingError("dask needs --shards K")
        walk = {name: options.pop(name) for name in Walk.__dataclass_fields__}
        options["walk" if mix is None else "mix"] = chosen_blur(mix, "walk", walk)
        which: dict[str, Any] = {} if shard is None else parse_shard(shard)
        settings = SynthSettings(interpolation=interpolation, **options, **which)

        from blurkit.store import shard_name

        began = time.monotonic()
        how: dict[str, Any] = {"overwrite": overwrite, "progress": not quiet}
        try:
            if shards is None:
                from blurkit.dataset.synth import synth as make

                paths = [make(out, settings, threads=threads, **how)]
            elif dask is None:
                from blurkit.dataset.shards import synth_shards

                paths = synth_shards(out, settings, shards=shards, threads=threads, **how)
            else:
                from blurkit.dataset.dask import synth_on_dask

                how["threads"] = 1 if threads is None else threads
                paths = synth_on_dask(out, settings, shards=shards, address=dask, **how)
        except KeyboardInterrupt:
            raise click.exceptions.Exit(130) from None
        made, files = str(paths[0]), ""
        if len(paths) > 1:
            made = str(Path(out).with_name(shard_name(Path(out).name, "*", len(paths))))
            files = f"{len(paths):,} files, "
        size = sum(path.stat().st_size for path in paths)
        click.echo(
            f"{made}: {files}{settings.count:,} pairs of {settings.patch}x{settings.patch}, "
            f"{size / 1e6:,.1f} MB, {time.monotonic() - began:.1f} s"
        )


def parse_shard(text: str) -> dict[str, int]:
    """ "3/10" as settings; SettingError "shard must be i/K with 0 <= i < K, got 3"."""
    match = re.fullmatch(r"(\d+)/(\d+)", text)
    if match is None:
        raise SettingError(f"shard must be i/K with 0 <= i < K, got {text}")
    return {"shard": int(match[1]), "shards": int(match[2])}
