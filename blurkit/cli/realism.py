"""`blurkit realism`"""

import json

import click

from blurkit.cli.options import KERNELS, PICTURE
from blurkit.errors import SettingError, exit_codes


@click.command(context_settings={"show_default": True})
@click.argument("kernels", type=KERNELS)
@click.argument("reference", type=KERNELS, required=False)
@click.option("--out", type=PICTURE, default="realism.png", help="Image file to write.")
@click.option(
    "--json", "report", type=click.Path(dir_okay=False), help="JSON file for all figures."
)
@click.option("--n", type=int, default=2000, help="Number of kernels, evenly spread over each set.")
def realism(kernels: str, reference: str | None, out: str, report: str | None, n: int) -> None:
    """Compare the shapes of two sets of kernels.

    KERNELS and REFERENCE are each a dataset, a .npy file, a MATLAB .mat file (5 or 7.3), an image
    of a kernel, or a folder of these. The default REFERENCE is kernels of the default walk.
    """
    with exit_codes():
        from blurkit.files import write_whole
        from blurkit.images.files import check_image_name
        from blurkit.kernel.batch import random_walk_kernels
        from blurkit.realism.comparison import measure, summary, table
        from blurkit.realism.kernel_files import read_kernels
        from blurkit.realism.plot import plot_realism

        if n < 1:
            raise SettingError(f"n must be >= 1, got {n}")
        check_image_name(out)
        if report == out:
            raise SettingError(f"json must be another file than out, got {report}")
        ours = measure(kernels, read_kernels(kernels, n))
        if reference is None:
            other = measure("the default walk", list(random_walk_kernels(n, seed=0)))
        else:
            other = measure(reference, read_kernels(reference, n))
        click.echo(table(ours, other))
        plot_realism(ours, other, out)
        click.echo(f"\n{out}: kernels and distributions of both")
        if report:
            write_whole(report, json.dumps(summary(ours, other), indent=2) + "\n")
            click.echo(f"{report}: the same figures, and quartiles")
