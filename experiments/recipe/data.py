"""The pairs of the sweep: photos reduced twofold, none in both training and test."""

from pathlib import Path

import click
import cv2

from blurkit import SynthSettings, synth
from blurkit.images.files import find_images, read_image, write_image
from blurkit.kernel.mix import parse_mix
from blurkit.kernel.walk import Walk

TASKS = {
    "mixed": "walk=1,linear=1,defocus=1,gaussian=1",
    "motion": "walk=1,linear=1",
    "lens": "defocus=1,gaussian=1",
    "gaussian": "gaussian=1",
}
COUNTS = {"train": 6000, "test": 150}
PATCH, KERNEL, LENGTH = 80, 15, (4.0, 12.0)
HELD_OUT = 7  # every seventh photo, in the order of their paths, is for the test


@click.command()
@click.argument("photos", type=click.Path(exists=True, file_okay=False, path_type=Path))
@click.argument("folder", type=click.Path(file_okay=False, path_type=Path))
@click.argument("scratch", type=click.Path(file_okay=False, path_type=Path))
def main(photos: Path, folder: Path, scratch: Path) -> None:
    """Make FOLDER/TASK-train.h5 and FOLDER/TASK-test.h5; SCRATCH gets the reduced photos."""
    for i, path in enumerate(find_images(photos)):
        part = "test" if i % HELD_OUT == 0 else "train"
        place = scratch / part / f"{i:03d}.png"
        place.parent.mkdir(parents=True, exist_ok=True)
        image = read_image(path)
        height, width = image.shape[0] // 2 * 2, image.shape[1] // 2 * 2
        half = cv2.resize(
            image[:height, :width], (width // 2, height // 2), interpolation=cv2.INTER_AREA
        )
        write_image(place, half)
    folder.mkdir(parents=True, exist_ok=True)
    for number, (task, mix) in enumerate(TASKS.items()):
        for part, count in COUNTS.items():
            settings = SynthSettings(
                n=count,
                patch=PATCH,
                kernel=KERNEL,
                mix=parse_mix(mix, Walk(length=LENGTH)),
                seed=2 * number + (part == "test"),
                images=str(scratch / part),
                camera="naive",
            )
            synth(folder / f"{task}-{part}.h5", settings, threads=1, progress=False)


if __name__ == "__main__":
    main()
