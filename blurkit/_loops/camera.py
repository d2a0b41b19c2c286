"""The sensor's effects on light: highlights, exposure, clipping, noise, response curve.

`camera` holds the numbers of a sample, (5,) float64: gain, highlight, shot, read, JPEG quality.
"""

import numpy as np

from blurkit._loops.jit import loop
from blurkit._loops.stream import (
    CAMERA,
    NOISE,
    ONE,
    TO_NORMAL,
    stream_key,
    two_sums,
    uniform,
)
from blurkit._loops.taps import add_taps, collect_taps

GAIN, HIGHLIGHT, SHOT, READ = 0, 1, 2, 3
_KNEE = 0.9  # of full light; highlights are raised above it
_FULL = 0.9999  # of full light; saturated, up to rounding in the sum of the blur
_DEVIATION = np.float32(TO_NORMAL)


@loop
def draw_camera(camera, ranges, seed, index):
    """Draw `camera` (n,) uniformly from ranges (n, 2).

    The square roots of shot and read are drawn instead, so that low noise is as common as high.
    """
    key = stream_key(seed, index, CAMERA)
    for i in range(camera.shape[0]):
        low, high = ranges[i, 0], ranges[i, 1]
        u = uniform(key, ONE + np.uint64(i))
        if i in (SHOT, READ):
            root = np.sqrt(low) + (np.sqrt(high) - np.sqrt(low)) * u
            camera[i] = root * root
        else:
            camera[i] = low + (high - low) * u


@loop
def expose(lights, sharps, camera, linear, encoded):
    """Write the tables of a sample: light (256,) float32 and sharp byte of each scene byte."""
    last = encoded.shape[0] - 1
    for byte in range(256):
        light = linear[byte]
        if light > _KNEE:
            over = (light - _KNEE) / (1.0 - _KNEE)
            light *= 1.0 + (camera[HIGHLIGHT] - 1.0) * over * over
        light *= camera[GAIN]
        lights[byte] = light
        sharps[byte] = encoded[int(min(light, 1.0) * last + 0.5)]


@loop
def fill_noise(noise, key, first):
    """Fill noise (n,) float32, n even: mean 0, variance 1, sums of four bytes (|z| < 3.5)."""
    half = noise.shape[0] // 2
    for i in range(half):
        one, two = two_sums(key, first + np.uint64(i))
        noise[i] = np.float32(one) * _DEVIATION
        noise[half + i] = np.float32(two) * _DEVIATION


@loop
def sense(out, total, noise, camera, encoded):
    """Write the bytes (n,) of a row of light: clip at 1, add noise below that, encode."""
    last = np.float32(encoded.shape[0] - 1)
    shot, read = np.float32(camera[SHOT]), np.float32(camera[READ] * camera[READ])
    zero, half, one, full = np.float32(0.0), np.float32(0.5), np.float32(1.0), np.float32(_FULL)
    for j in range(out.shape[0]):
        light = min(total[j], one)
        spread = np.sqrt(shot * light + read) if light < full else zero
        total[j] = min(max(light + spread * noise[j], zero), one) * last + half
    for j in range(out.shape[0]):
        out[j] = encoded[np.int32(total[j])]


@loop
def photograph(blurry, sharp, scene, kernel, channels, camera, linear, encoded, seed, index):
    """Take the blurry and the sharp image of a sample.

    blurry, sharp: (H, W*C) uint8, written; scene: (H+K-1, (W+K-1)*C) uint8; kernel: (K, K)
    float32; camera: (5,) float64; linear: (256,) float64, light of each byte; encoded: (n,) uint8,
    byte of each level of light.
    """
    rows, width = blurry.shape
    stride = scene.shape[1]
    margin = kernel.shape[0] - 1
    lights, sharps = np.empty(256, np.float32), np.empty(256, np.uint8)
    expose(lights, sharps, camera, linear, encoded)
    half = margin // 2
    for i in range(rows):
        for j in range(width):
            sharp[i, j] = sharps[scene[i + half, j + half * channels]]

    offsets = np.empty(kernel.size + 4, np.int64)
    weights = np.empty(kernel.size + 4, np.float32)
    count = collect_taps(kernel, stride, channels, offsets, weights)
    plane = np.empty(scene.size, np.float32)
    flat = scene.reshape(scene.size)
    for i in range(flat.shape[0]):
        plane[i] = lights[flat[i]]
    total = np.empty(width, np.float32)
    noise = np.zeros(width + width % 2, np.float32)
    noisy = camera[SHOT] > 0.0 or camera[READ] > 0.0
    key = stream_key(seed, index, NOISE)
    for i in range(rows):
        add_taps(total, plane[i * stride :], offsets, weights, count)
        if noisy:
            fill_noise(noise, key, np.uint64(i * noise.shape[0]))
        sense(blurry[i], total, noise, camera, encoded)
