"""`blurkit synth`"""

import re
import time
from pathlib import Path
from typing import Any

import click

from blurkit.camera.camera import PRESETS
from blurkit.cli.options import PRESET, SEED, chosen_blur, mix_option, walk_options
from blurkit.dataset.settings import SynthSettings
from blurkit.errors import SettingError, exit_codes
from blurkit.kernel.walk import Walk

DEFAULT = SynthSettings()


class Factors(click.ParamType):
    """One number, or a range of two in quotes: "1.5" or "1 2"."""

    name = "factor"

    def convert(self, value: Any, param: Any, ctx: Any) -> Any:
        if not isinstance(value, str):
            return value
        try:
            numbers = tuple(map(float, value.split()))
        except ValueError:
            self.fail(f'must be one number or a range such as "1 2", got {value!r}', param, ctx)
        return numbers[0] if len(numbers) == 1 else numbers


@click.command(context_settings={"show_default": True})
@click.option("--n", type=int, default=DEFAULT.n, help="Number of pairs.")
@click.option(
    "--out", type=click.Path(dir_okay=False), default="blur.h5", help="HDF5 file to write."
)
@click.option(
    "--images",
    type=click.Path(exists=True, file_okay=False),
    help="Folder of sharp photos, searched recursively.  [default: generated scenes]",
)
@click.option(
    "--reduce",
    type=Factors(),
    default="1",
    metavar="FACTOR",
    help="Reduce photos by this factor before patches are cut, so that soft photos give sharp "
    'patches. "1 2" draws a factor from this range for each sample.',
)
@click.option("--patch", type=int, default=DEFAULT.patch, help="Side of the patches in pixels.")
@click.option(
    "--kernel", type=int, default=DEFAULT.kernel, help="Odd side of the kernels in pixels."
)
@click.option(
    "--seed",
    type=int,
    default=DEFAULT.seed,
    help=SEED,
)
@click.option("--start", type=int, default=DEFAULT.start, help="Index of the first sample.")
@click.option(
    "--preset",
    "camera",
    type=click.Choice(list(PRESETS)),
    help=PRESET + "  [default: realistic with --images, else naive]",
)
@mix_option
@walk_options
@click.option(
    "--threads",
    type=int,
    help="Number of threads; the output does not depend on it.  [default: all processors; with "
    "--dask, 1 per task]",
)
@click.option("--shards", type=int, metavar="K", help="Write K self-contained files.")
@click.option(
    "--shard",
    metavar="i/K",
    help="Make only file i of K, 0 <= i < K, such as one per task of an array job.",
)
@click.option(
    "--dask",
    metavar="ADDRESS",
    help="Make the --shards on the workers of this Dask scheduler, such as tcp://HOST:8786. All "
    "workers must share the folders of --out and --images.",
)
@click.option("--overwrite", is_flag=True, help="Delete existing output and start again.")
@click.option("--quiet", is_flag=True, help="Do not show a progress bar.")
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
    """Make a dataset of blurry/sharp pairs.

    Writes one HDF5 file, or several with --shards. It can be stopped at any time; rerun the command
    to resume.
    """
    with exit_codes():
        if shard is not None and shards is not None:
            raise SettingError("give either --shards K or --shard i/K")
        if dask is not None and shards is None:
            raise SettingError("dask needs --shards K")
        walk = {name: options.pop(name) for name in Walk.__dataclass_fields__}
        options["walk" if mix is None else "mix"] = chosen_blur(mix, "walk", walk)
        number: dict[str, Any] = {} if shard is None else parse_shard(shard)
        settings = SynthSettings(interpolation=interpolation, **options, **number)

        from blurkit.store import shard_name

        began = time.monotonic()
        try:
            if shards is None:
                from blurkit.dataset.synth import synth as make

                path = make(out, settings, threads=threads, overwrite=overwrite, progress=not quiet)
                paths = [path]
            elif dask is None:
                from blurkit.dataset.shards import synth_shards

                paths = synth_shards(
                    out,
                    settings,
                    shards=shards,
                    threads=threads,
                    overwrite=overwrite,
                    progress=not quiet,
                )
            else:
                from blurkit.dataset.dask import synth_on_dask

                paths = synth_on_dask(
                    out,
                    settings,
                    shards=shards,
                    address=dask,
                    threads=1 if threads is None else threads,
                    overwrite=overwrite,
                    progress=not quiet,
                )
        except KeyboardInterrupt:
            raise click.exceptions.Exit(130) from None
        name, files = str(paths[0]), ""
        if len(paths) > 1:
            name = str(Path(out).with_name(shard_name(Path(out).name, "*", len(paths))))
            files = f"{len(paths):,} files, "
        size = sum(path.stat().st_size for path in paths)
        click.echo(
            f"{name}: {files}{settings.count:,} pairs of {settings.patch}x{settings.patch}, "
            f"{size / 1e6:,.1f} MB, {time.monotonic() - began:.1f} s"
        )


def parse_shard(text: str) -> dict[str, int]:
    """ "3/10" as settings; SettingError "shard must be i/K with 0 <= i < K, got 3"."""
    match = re.fullmatch(r"(\d+)/(\d+)", text)
    if match is None:
        raise SettingError(f"shard must be i/K with 0 <= i < K, got {text}")
    return {"shard": int(match[1]), "shards": int(match[2])}
