"""`blurkit synth`"""

import time
from typing import Any

import click

from blurkit.cli.options import walk_options
from blurkit.errors import exit_codes
from blurkit.settings import SynthSettings
from blurkit.trajectory import Walk

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
@walk_options
@click.option("--threads", type=int, help="[default: all processors]  The bytes do not change.")
@click.option("--overwrite", is_flag=True, help="Throw away what is at --out and begin again.")
@click.option("--quiet", is_flag=True, help="No progress bar.")
def synth(
    out: str, threads: int | None, overwrite: bool, quiet: bool, interpolation: str, **options: Any
) -> None:
    """Make a dataset of blurry/sharp pairs in one HDF5 file.

    Stop it whenever you like: the same command goes on where it was. The blur acts on the sRGB
    values as they are; linear light, noise and saturation are not modelled yet.
    """
    with exit_codes():
        walk = Walk(**{name: options.pop(name) for name in Walk.__dataclass_fields__})
        settings = SynthSettings(walk=walk, interpolation=interpolation, **options)

        from blurkit.synth import synth as make

        began = time.monotonic()
        try:
            path = make(out, settings, threads=threads, overwrite=overwrite, progress=not quiet)
        except KeyboardInterrupt:
            raise click.exceptions.Exit(130) from None
        seconds = time.monotonic() - began
        click.echo(
            f"{path}: {settings.n:,} pairs of {settings.patch}x{settings.patch}, "
            f"{path.stat().st_size / 1e6:,.1f} MB, {seconds:.1f} s"
        )
