"""A pair of blurry and sharp patches, made from a sharp scene and a kernel as a camera would."""

import numpy as np

from blurkit.camera.camera import Camera, tables


def degrade_patch(
    blurry: np.ndarray,
    sharp: np.ndarray,
    scene: np.ndarray,
    kernel: np.ndarray,
    camera: Camera,
    *,
    seed: int,
    index: int,
) -> np.ndarray:
    """Write a blurry/sharp pair in place.

    Parameters
    ----------
    blurry, sharp : (H, W, C) uint8, C-contiguous; written
    scene : (H+K-1, W+K-1, C) uint8, C-contiguous
        The sharp scene with a margin of K // 2 on each side, which the blur reads.
    kernel : (K, K) float32
    camera : Camera
    seed, index : int
        The sample, from whose own streams the camera's numbers and the noise are drawn.

    Returns
    -------
    drawn : (5,) float64, the numbers named in `blurkit.camera.camera.NUMBERS`
    """
    from blurkit._loops.camera import photograph
    from blurkit._loops.taps import blur_integers

    rows, columns, channels = blurry.shape
    drawn = camera.draw(seed=seed, index=index)
    flat = blurry.reshape(rows, columns * channels)
    if camera.naive:
        half = len(kernel) // 2
        blur_integers(flat, scene.reshape(-1), scene.shape[1] * channels, kernel, channels)
        sharp[...] = scene[half : half + rows, half : half + columns]
        return drawn
    linear, encoded = tables(camera.response)
    photograph(
        flat,
        sharp.reshape(flat.shape),
        scene.reshape(len(scene), -1),
        kernel,
        channels,
        drawn,
        linear,
        encoded,
        np.uint64(seed),
        np.uint64(index),
    )
    if camera.jpeg:
        blurry[...] = compressed(blurry, round(drawn[-1]))
    return drawn


def compressed(image: np.ndarray, quality: int) -> np.ndarray:
    """An RGB or grey image (H, W, C) uint8 after JPEG compression."""
    import cv2

    _, data = cv2.imencode(".jpg", image[..., ::-1], [cv2.IMWRITE_JPEG_QUALITY, quality])
    decoded = np.asarray(cv2.imdecode(data, cv2.IMREAD_UNCHANGED))
    return decoded.reshape(image.shape)[..., ::-1]
