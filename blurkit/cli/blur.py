"""`blurkit blur`"""

import click
import numpy as np

from blurkit.camera.camera import PRESETS
from blurkit.cli.options import PICTURE, PRESET, SEED, THREADS, WALK
from blurkit.errors import exit_codes
from blurkit.handheld.motion import Motion

DEFAULT = Motion()


@click.command(context_settings={"show_default": True})
@click.argument("photo", type=click.Path(exists=True, dir_okay=False))
@click.option("--out", type=PICTURE, default="shaken.png", help="Image file to write.")
@click.option(
    "--seed",
    type=int,
    default=0,
    help=SEED,
)
@click.option(
    "--length",
    nargs=2,
    type=float,
    default=WALK.length,
    metavar="LO HI",
    help="Length of the camera's path in pixels at the image centre, drawn from this range.",
)
@click.option(
    "--roll",
    type=float,
    metavar="DEGREES",
    help="Peak-to-peak rotation about the optical axis; 0 for none.  [default: drawn from "
    f"{np.min(DEFAULT.roll):g} to {np.max(DEFAULT.roll):g}]",
)
@click.option(
    "--focal",
    type=float,
    metavar="MM",
    help="Focal length, 35-mm-equivalent unless --pitch is given. With it, the path is simulated "
    "as a rotation of the camera, in perspective.",
)
@click.option("--pitch", type=float, metavar="UM", help="Pixel pitch of the sensor in micrometres.")
@click.option(
    "--angle",
    nargs=2,
    type=float,
    metavar="LO HI",
    help="Length of the path in degrees instead of --length; requires --focal.",
)
@click.option(
    "--preset",
    type=click.Choice(list(PRESETS)),
    default="clean",
    help=PRESET,
)
@click.option(
    "--kernels", is_flag=True, help="Draw the kernels at the corners and centre on the picture."
)
@click.option("--threads", type=int, help=THREADS)
def blur(
    photo: str,
    out: str,
    seed: int,
    length: tuple[float, float],
    roll: float | None,
    focal: float | None,
    pitch: float | None,
    angle: tuple[float, float] | None,
    preset: str,
    kernels: bool,
    threads: int | None,
) -> None:
    """Blur a PHOTO by a camera shake that varies over the image."""
    with exit_codes():
        from blurkit.handheld.snapshot import check_other_file, snapshot, with_kernels
        from blurkit.images.files import check_image_name, read_image, write_image
        from blurkit.kernel.walk import Walk

        turn = DEFAULT.roll if roll is None else roll
        motion = Motion(Walk(length=length), turn, angle, focal, pitch)
        check_image_name(out)
        check_other_file(photo, out)
        sharp = read_image(photo)
        made, path = snapshot(sharp, motion, preset, seed=seed, threads=threads, progress=True)
        if kernels:
            made = with_kernels(made, path, focal=motion.focal_px(made.shape))
        write_image(out, made)
        travelled = np.hypot(*np.diff(path[:, :2], axis=0).T).sum()
        turned = np.ptp(path[:, 2])
        size = f"{made.shape[1]}x{made.shape[0]}"
        click.echo(f"{out}: {size}, a path of {travelled:.1f} px, {turned:.2f} degrees of roll")
