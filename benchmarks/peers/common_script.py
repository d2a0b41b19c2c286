"""The usual script that makes training pairs in deblurring projects, rewritten for comparison.

The kernel is DeblurGAN's model: 2,000 steps in a Python loop at constant speed, each a random push
and a pull back to the origin or, rarely, a jerk; every point is spread over four pixels. The blur
is OpenCV's filter2D, and the pair is stored as two PNG files.
"""

import cmath
import math
import random

import cv2
import numpy as np

STEPS, LENGTH = 2000, 60.0


def trajectory(rng):
    """Complex positions in px, their mean at the origin."""
    shake, pull, jerk = 10 * rng.random(), 0.7 * rng.random(), 0.2 * rng.random()
    speed = LENGTH / (STEPS - 1)
    velocity = cmath.rect(speed, 2 * math.pi * rng.random())
    position, path = 0j, [0j]
    for _ in range(STEPS - 1):
        if rng.random() < jerk * speed:
            change = 2 * velocity * (cmath.exp(1j * (math.pi + rng.random() - 0.5)) - 1)
        else:
            noise = complex(rng.gauss(0, 1), rng.gauss(0, 1))
            change = speed * (0.1 * shake * noise - pull * position)
        velocity += change
        velocity *= speed / (abs(velocity) or 1.0)
        position += velocity
        path.append(position)
    middle = sum(path) / STEPS
    return [point - middle for point in path]


def kernel(rng, size=31):
    """(size, size) float32, sum 1."""
    drawn = np.zeros((size, size))
    for point in trajectory(rng):
        x, y = point.real + size // 2, point.imag + size // 2
        column, row = math.floor(x), math.floor(y)
        p, q = x - column, y - row
        for i, j, weight in (
            (row, column, (1 - p) * (1 - q)),
            (row, column + 1, p * (1 - q)),
            (row + 1, column, (1 - p) * q),
            (row + 1, column + 1, p * q),
        ):
            if 0 <= i < size and 0 <= j < size:
                drawn[i, j] += weight
    return (drawn / drawn.sum()).astype(np.float32)


def make_pairs(sharp, folder, seed=0):
    """Write a blurry and a sharp PNG file for each image of `sharp` (n, H, W, 3) uint8."""
    rng = random.Random(seed)
    for i, image in enumerate(sharp):
        blurry = cv2.filter2D(image, -1, kernel(rng)[::-1, ::-1])
        cv2.imwrite(f"{folder}/{i}_sharp.png", image[:, :, ::-1])
        cv2.imwrite(f"{folder}/{i}_blurry.png", blurry[:, :, ::-1])
