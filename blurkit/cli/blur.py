"""`blurkit blur`"""

import click

from blurkit.camera.camera import PRESETS
from blurkit.cli.options import PICTURE, WALK
from blurkit.errors import exit_codes
from blurkit.handheld.motion import Motion

DEFAULT = Motion()


@click.command(context_settings={"show_default": True})
@click.argument("photo", type=click.Path(exists=True, dir_okay=False))
@click.option("--out", type=PICTURE, default="shaken.png", help="The picture to write.")
@click.option("--seed", type=int, default=0, help="Same seed, same shake.")
@click.option(
    "--length",
    nargs=2,
    type=float,
    default=WALK.length,
    metavar="LO HI",
    help="Length of the camera's path in pixels at the middle, drawn between the two.",
)
@click.option(
    "--roll",
    type=float,
    metavar="DEGREES",
    help="Turn about the optical axis, from end to end; 0 for none.  "
    f"[default: drawn between {DEFAULT.roll[0]:g} and {DEFAULT.roll[1]:g}]",  # type: ignore[index]
)
@click.option(
    "--focal",
    type=float,
    metavar="MM",
    help="Focal length, 35-mm-equivalent unless --pitch is given: the path is then a turn of the "
    "camera, with its perspective.",
)
@click.option(
    "--pitch", type=float, metavar="UM", help="Distance of the sensor's pixels in micrometres."
)
@click.option(
    "--angle",
    nargs=2,
    type=float,
    metavar="LO HI",
    help="Length of the path in degrees, in place of --length; needs --focal.",
)
@click.option(
    "--preset",
    type=click.Choice(list(PRESETS)),
    default="clean",
    help="The camera. naive: the blur acts on the stored values; clean: on linear light; "
    "realistic: with exposure, bright highlights and noise as well.",
)
@click.option("--kernels", is_flag=True, help="Draw the kernels of corners and middle on it.")
@click.option("--threads", type=int, help="[default: all processors]  The picture does not change.")
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
    """Blur a PHOTO as a shaken camera would have: every pixel by its own path."""
    with exit_codes():
        import numpy as np

        from blurkit.handheld.snapshot import check_other_file, snapshot, with_kernels
        from blurkit.images.files import check_image_name, read_image, write_image
        from blurkit.kernel.walk import Walk

        turn = DEFAULT.roll if roll is None else roll
        motion = Motion(Walk(length=length), turn, angle, focal, pitch)
        check_image_name(out)
        check_other_file(photo, out)
        sharp = read_image(photo)
        how = {"seed": seed, "threads": threads, "progress": True}
        made, path = snapshot(sharp, motion, preset, **how)  # type: ignore[arg-type]
        if kernels:
            made = with_kernels(made, path, focal=motion.focal_px(made.shape))
        write_image(out, made)
        travelled = np.hypot(*np.diff(path[:, :2], axis=0).T).sum()
        turned = np.ptp(path[:, 2])
        size = f"{made.shape[1]}x{made.shape[0]}"
        click.echo(f"{out}: {size}, a path of {travelled:.1f} px, {turned:.2f} degrees of roll")
