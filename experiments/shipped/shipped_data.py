"""Training pairs of the bundled network: `python experiments/shipped/shipped_data.py PHOTOS DIR`.

Writes files of 144x144 pairs: naive.h5 and realistic.h5 have one uniform blur per patch, through
either camera (one pair in sixteen is not blurred); the blur in rolling.h5 varies over the photo, as
the camera also rolls; moving.h5 is from a walking camera, and shallow.h5 is the same with photos
partly out of focus in both images (see moving_photos.py). Rerun the command to resume.
"""

import shutil
from pathlib import Path

import click
import cv2
from moving_photos import SCALES, SHALLOW, moving

from blurkit import ImportSettings, Linear, Mix, Motion, SynthSettings, Walk, import_pairs, synth
from blurkit.camera.camera import Camera
from blurkit.handheld.snapshot import snapshot
from blurkit.images.files import find_images, read_image, write_image
from blurkit.progress import bar

PATCH, KERNEL = 144, 27
STILL = Linear(length=0)
SMOOTH = Walk(length=(2, 24), inertia=0.997, jitter=(0.0, 0.03), jerks=0)
BLUR = Mix(((SMOOTH, 6), (Linear(length=(2, 24)), 5), (Walk(length=(3, 24)), 4), (STILL, 1)))
ROLLING = Motion(SMOOTH, roll=(0.0, 4.0))
CAMERAS = (
    "naive",
    Camera(shot=(0.0, 1e-3), read=(0.0, 4e-3)),
)  # of the rolling photos, alternating


@click.command()
@click.argument("photos", type=click.Path(exists=True, file_okay=False))
@click.argument("folder", type=click.Path(file_okay=False, path_type=Path))
@click.option("--n", default=12_000, show_default=True, help="Pairs in naive, and in realistic.")
@click.option("--takes", default=3, show_default=True, help="Blurred versions of each photo.")
def main(photos, folder, n, takes):
    folder.mkdir(parents=True, exist_ok=True)
    files = (
        ("naive", BLUR, "naive", n),
        ("realistic", BLUR, "realistic", n),
    )
    for seed, (name, mix, camera, count) in enumerate(files):
        settings = SynthSettings(
            n=count, patch=PATCH, kernel=KERNEL, mix=mix, seed=seed, images=photos, camera=camera
        )
        synth(folder / f"{name}.h5", settings)
    for name, scales in (("moving", SCALES), ("shallow", SHALLOW)):
        if not (folder / f"{name}.h5").exists():
            counts = [(scale, -(-count * takes // 3)) for scale, count in scales]
            moving(Path(photos), folder / f"{name}.h5", PATCH, counts, name == "shallow")
    if not (folder / "rolling.h5").exists():
        rolling(photos, folder, takes)


def rolling(photos, folder, takes):
    taken = folder / "rolling"
    for side in ("blur", "sharp"):
        (taken / side).mkdir(parents=True, exist_ok=True)
    paths = list(find_images(Path(photos)))
    with bar(len(paths) * takes, "Shaking", "photo") as shown:
        for i, path in enumerate(paths):
            photo = read_image(path)
            for index in range(i * takes, (i + 1) * takes):
                blurred, _ = snapshot(photo, ROLLING, CAMERAS[index % 2], seed=2, index=index)
                write_image(taken / "blur" / f"{index:05}.png", blurred)
                write_image(taken / "sharp" / f"{index:05}.png", photo)
                shown.update()
    settings = ImportSettings("pairs", blurry="blur", sharp="sharp", crop=PATCH)
    import_pairs(taken, settings, folder / "rolling.h5")
    shutil.rmtree(taken)


if __name__ == "__main__":
    cv2.setNumThreads(1)
    main()
