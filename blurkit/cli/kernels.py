"""`blurkit kernels`"""

from typing import Any

import click

from blurkit.cli.options import PICTURE, walk_options
from blurkit.errors import SettingError, exit_codes


@click.command(context_settings={"show_default": True})
@click.option("--n", type=int, default=64, help="Kernels to make.")
@click.option("--out", type=PICTURE, default="kernels.png", help="The picture to write.")
@click.option("--npy", type=click.Path(dir_okay=False), help="Also save them as an array.")
@click.option("--size", type=int, default=31, help="Side of the kernels in pixels, odd.")
@click.option("--seed", type=int, default=0, help="Same seed, same kernels.")
@click.option("--columns", type=int, help="Kernels in a row.  [default: a square sheet]")
@walk_options
def kernels(out: str, npy: str | None, columns: int | None, n: int, size: int, **walk: Any) -> None:
    """Draw camera-shake kernels on a contact sheet."""
    with exit_codes():
        import numpy as np

        from blurkit.images import check_image_name, write_image
        from blurkit.kernel import random_walk_kernels
        from blurkit.show import kernel_sheet

        if n < 1:
            raise SettingError(f"n must be >= 1, got {n}")
        check_image_name(out)
        if npy == out:
            raise SettingError(f"npy must be another file than out, got {npy}")
        made = random_walk_kernels(n, size, **walk)
        write_image(out, kernel_sheet(made, columns))
        click.echo(f"{out}: {n:,} kernels of {size}x{size}")
        if npy:
            with open(npy, "wb") as file:
                np.save(file, made, allow_pickle=False)
            click.echo(f"{npy}: the same as an array {made.shape} of {made.dtype}")
