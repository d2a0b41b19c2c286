"""Photos taken by a walking camera: blur whose direction and length vary over the photo.

During the exposure each pixel moves along its own line. The lines are those of a camera that moves
into a scene with depth, shifts and rolls, and of up to three objects that move by themselves; a
short shake common to all pixels is added. Occlusion is ignored: a pixel averages what lies on its
line. One photo in twelve is not blurred.

`shallow` photos are partly out of focus in both images of a pair, because a deblurring network
should leave defocus alone. Two in five of them are not blurred otherwise.
"""

import math
import shutil
from concurrent.futures import ProcessPoolExecutor
from functools import partial

import cv2
import numpy as np

from blurkit import ImportSettings, import_pairs
from blurkit.images.files import find_images, read_image, write_image
from blurkit.progress import bar

SCALES = ((1, 3), (1.6, 6), (2, 7))  # downscaling factor, number of pairs per photo
SHALLOW = ((1, 3), (1.6, 2), (2, 2))
LONGEST = 30  # px, longest motion of a pixel
LAYERS = 5  # defocus radii, from 0 up
SEED = 7
GAMMA = 2.2


def moving(photos, out, patch, scales, shallow=False):
    """Write a dataset file of pairs of `patch` px from all photos below a folder."""
    taken = out.with_suffix(".taken")
    for side in ("blur", "sharp"):
        (taken / side).mkdir(parents=True, exist_ok=True)
    work, index = [], 0
    for path in find_images(photos):
        for scale, takes in scales:
            work.append((path, scale, range(index, index + takes)))
            index += takes
    with ProcessPoolExecutor() as pool, bar(len(work), "Walking", "photo") as shown:
        for _ in pool.map(partial(_take, taken, shallow), work, chunksize=8):
            shown.update()
    import_pairs(taken, ImportSettings("pairs", blurry="blur", sharp="sharp", crop=patch), out)
    shutil.rmtree(taken)


def _take(folder, shallow, work):
    cv2.setNumThreads(1)
    path, scale, indices = work
    photo = read_image(path)
    if scale != 1:
        size = round(photo.shape[1] / scale), round(photo.shape[0] / scale)
        photo = cv2.resize(photo, size, interpolation=cv2.INTER_AREA)
    for index in indices:
        rng = np.random.default_rng([SEED + shallow, index])
        sharp = defocused(photo, rng) if shallow else photo
        blurred = sharp if shallow and rng.random() < 0.4 else moved(sharp, rng)
        write_image(folder / "blur" / f"{index:06}.png", blurred)
        write_image(folder / "sharp" / f"{index:06}.png", sharp)


def moved(photo, rng):
    """The photo as taken by a moving camera; (H, W, 3) uint8."""
    if rng.random() < 1 / 12:
        return photo.copy()
    lines, longest = field(rng, *photo.shape[:2])
    n = max(5, math.ceil(1.3 * longest) + 1)
    path, linear = shake(rng, n), rng.random() < 0.5
    light = photo.astype(np.float32) / 255
    if linear:
        light **= GAMMA
    y, x = np.mgrid[: photo.shape[0], : photo.shape[1]].astype(np.float32)
    total = np.zeros_like(light)
    for time, (to_x, to_y) in zip(np.linspace(-0.5, 0.5, n, dtype=np.float32), path, strict=True):
        places = x + lines[..., 0] * time + to_x, y + lines[..., 1] * time + to_y
        total += cv2.remap(light, *places, cv2.INTER_CUBIC, borderMode=cv2.BORDER_REFLECT_101)
    total = np.clip(total / n, 0, 1)
    if rng.random() < 0.3:
        deviation = np.sqrt(rng.uniform(0, 1e-3) * total + rng.uniform(0, 4e-3) ** 2)
        total = np.clip(total + deviation * rng.standard_normal(total.shape), 0, 1)
    if linear:
        total **= 1 / GAMMA
    return np.rint(total * 255).astype(np.uint8)


def defocused(photo, rng):
    """The photo partly out of focus, with a disc of up to 6 px radius; (H, W, 3) uint8."""
    widest = between(rng, 1, 6)
    out = _out_of_focus(rng, *photo.shape[:2])
    light = (photo.astype(np.float32) / 255) ** GAMMA
    blurred = [light]
    for radius in np.linspace(0, widest, LAYERS)[1:]:
        reach = math.ceil(radius) + 1
        away = np.hypot(*np.mgrid[-reach : reach + 1, -reach : reach + 1])
        disc = np.clip(radius + 0.5 - away, 0, 1).astype(np.float32)
        border = cv2.BORDER_REFLECT_101
        blurred.append(cv2.filter2D(light, -1, disc / disc.sum(), borderType=border))
    place = out * (LAYERS - 1)
    layers = (np.clip(1 - np.abs(place - i), 0, 1)[..., None] * b for i, b in enumerate(blurred))
    return np.rint(255 * np.clip(sum(layers), 0, 1) ** (1 / GAMMA)).astype(np.uint8)


def _out_of_focus(rng, height, width):
    """Defocus of each pixel, (H, W) in [0, 1]: smooth hills, a floor, or all but one object."""
    y, x = np.mgrid[:height, :width].astype(np.float32)
    kind = rng.integers(3)
    if kind == 0:
        return np.clip(np.abs(smooth(rng, x.shape, width / rng.uniform(4, 10))), 0, 1)
    if kind == 1:
        return np.clip(np.abs(4 * (y / height - rng.random())), 0, 1)
    size = rng.uniform(0.12, 0.4) * width
    outside = ellipse(rng, x, y, size, 1.6) > 1
    return cv2.GaussianBlur(outside.astype(np.float32), (0, 0), rng.uniform(0.7, 4))


def ellipse(rng, x, y, size, tallest):
    """(H, W), below 1 inside an irregular ellipse at a random position."""
    height, width = x.shape
    across = (x - rng.uniform(0, width)) / size
    down = (y - rng.uniform(0, height)) / (size * rng.uniform(0.6, tallest))
    return across**2 + down**2 + 0.3 * smooth(rng, x.shape, size / 4)


def field(rng, height, width):
    """Motion of each pixel during the exposure, (H, W, 2) float32 px, and the longest motion."""
    y, x = np.mgrid[:height, :width].astype(np.float32)
    dx, dy = x - width * rng.normal(0.5, 0.15), y - height * rng.normal(0.45, 0.12)
    inverse_depth = (
        lambda: np.ones_like(x),
        lambda: np.clip(0.1 + 2 * dy / height, 0.05, 2),  # a street
        lambda: np.clip(0.1 + 2 * np.abs(dx) / width, 0.05, 2),  # walls to both sides
        lambda: np.exp(0.6 * smooth(rng, x.shape, width / 8)),
    )[rng.integers(4)]()
    speed = between(rng, 1.5, 28) * rng.choice([-1, 1]) * (rng.random() < 0.75)
    reach = math.hypot(height, width) / 2
    lines = np.stack([dx, dy], -1) * (inverse_depth * speed / reach)[..., None]
    if rng.random() < 0.6:
        lines += towards(rng, between(rng, 0.7, 14))
    lines += math.radians(rng.uniform(-3, 3)) * (rng.random() < 0.4) * np.stack([-dy, dx], -1)
    for _ in range(rng.choice([0, 0, 1, 2, 3])):
        size = rng.uniform(0.06, 0.3) * width
        inside = ellipse(rng, x, y, size, 2) < 1
        inside = cv2.GaussianBlur(inside.astype(np.float32), (0, 0), 0.7)[..., None]
        lines = lines * (1 - inside) + inside * towards(rng, rng.uniform(0, 16))
    longest = np.hypot(lines[..., 0], lines[..., 1]).max()
    lines *= min(1, LONGEST / max(longest, 1e-6))
    return lines.astype(np.float32), min(longest, LONGEST)


def shake(rng, n):
    """A short path common to all pixels in n steps, (n, 2) float32 px; none half of the time."""
    path = np.cumsum(np.cumsum(rng.standard_normal((n, 2)), 0), 0)
    path -= np.linspace(0, 1, n)[:, None] * path[-1]
    path -= path[n // 2]
    path *= rng.uniform(0, 3) * (rng.random() < 0.5) / max(np.abs(path).max(), 1e-6)
    return path.astype(np.float32)


def towards(rng, length):
    angle = rng.uniform(0, 2 * np.pi)
    return np.float32([length * np.cos(angle), length * np.sin(angle)])


def between(rng, low, high):
    return np.exp(rng.uniform(np.log(low), np.log(high)))


def smooth(rng, shape, sigma):
    noise = cv2.GaussianBlur(rng.standard_normal(shape).astype(np.float32), (0, 0), sigma)
    return noise / max(noise.std(), 1e-6)
