"""The poses of a camera that rotates about three axes, and where each pixel looks.

A pose is a row of nine numbers (`POSE`): cosine and sine of the roll, the shift x, y in px at the
middle of the image, four terms of perspective (1, 1, 0, 0 without), and the share of the exposure.
"""

import numpy as np

from blurkit._loops.jit import loop
from blurkit._loops.smooth import cosine
from blurkit._loops.stream import ONE, ROLL, ROLL_SHAKE, normal, stream_key, uniform
from blurkit._loops.walk import steps_until_jerk

POSE = 9
_JERKS = np.uint64(1 << 32)  # where the jerks' draws start in the ROLL stream


@loop
def roll(angle, seed, index, width, inertia, jitter, jerks):
    """Fill angle (steps,) float64 with a one-dimensional walk of mean zero over time.

    width, jitter: (2,) float64, lowest and highest; width is peak to peak.
    """
    steps = angle.shape[0]
    key, shake = stream_key(seed, index, ROLL), stream_key(seed, index, ROLL_SHAKE)
    drawn_width = width[0] + (width[1] - width[0]) * uniform(key, ONE)
    drawn_jitter = jitter[0] + (jitter[1] - jitter[0]) * uniform(key, ONE + ONE)
    speed = 1.0 if uniform(key, np.uint64(3)) < 0.5 else -1.0
    chance, jerk = jerks / (steps - 1), _JERKS
    next_jerk = steps
    if jerks > 0.0:
        next_jerk = 1 + steps_until_jerk(chance, uniform(key, jerk))
    at, mean, lowest, highest = 0.0, 0.0, 0.0, 0.0
    angle[0] = 0.0
    for i in range(1, steps):
        if i == next_jerk:
            speed = -speed
            jerk += ONE
            next_jerk = i + 1 + steps_until_jerk(chance, uniform(key, jerk))
        speed = inertia * speed + drawn_jitter * normal(shake, np.uint64(i))
        at += speed
        angle[i] = at
        mean += at
        lowest, highest = min(lowest, at), max(highest, at)
    mean = (mean - 0.5 * at) / (steps - 1)  # the ends count half, as in `walk`
    wide = highest - lowest
    scale = drawn_width / wide if wide > 1e-200 else 0.0
    for i in range(steps):
        angle[i] = (angle[i] - mean) * scale


@loop
def cut(samples, path, parts):
    """Fill samples (parts * (n-1), 3): the midpoints of the parts of each step of path (n, 3)."""
    at = 0
    for i in range(path.shape[0] - 1):
        for part in range(parts):
            f = (part + 0.5) / parts
            for k in range(3):
                samples[at, k] = path[i, k] + f * (path[i + 1, k] - path[i, k])
            at += 1


@loop
def merge(samples, share, radius, near):
    """Replace runs of consecutive samples by their mean, in place; return how many are left.

    samples: (n, 3), x and y in px and roll in cycles. share: (n,), written: the share of the
    exposure. A run ends where some pixel, at most `radius` px from the middle, has moved by more
    than `near` px since the run began.
    """
    total, count, members = samples.shape[0], 0, 0
    turn = 2.0 * np.pi * radius
    x0, y0, r0 = samples[0, 0], samples[0, 1], samples[0, 2]
    x, y, r = 0.0, 0.0, 0.0
    for i in range(total + 1):
        if i < total:
            dx, dy, dr = samples[i, 0] - x0, samples[i, 1] - y0, (samples[i, 2] - r0) * turn
            if np.sqrt(dx * dx + dy * dy) + abs(dr) <= near:
                x, y, r, members = x + dx, y + dy, r + samples[i, 2] - r0, members + 1
                continue
        samples[count, 0], samples[count, 1] = x0 + x / members, y0 + y / members
        samples[count, 2] = r0 + r / members
        share[count] = members / total
        count += 1
        if i < total:
            x0, y0, r0 = samples[i, 0], samples[i, 1], samples[i, 2]
            x, y, r, members = 0.0, 0.0, 0.0, 1
    return count


@loop
def fill_poses(poses, samples, share, per_focal):
    """Fill poses (n, POSE) float64 from samples (n, 3); per_focal: 1 / focal length in px, or 0."""
    for i in range(poses.shape[0]):
        x, y, cycles = samples[i, 0], samples[i, 1], samples[i, 2]
        across = 1.0 / np.sqrt(1.0 + x * per_focal * x * per_focal)  # cosines of the two turns
        down = 1.0 / np.sqrt(1.0 + y * per_focal * y * per_focal)
        pose = poses[i]
        pose[0], pose[1] = cosine(cycles), cosine(cycles - 0.25)
        pose[2], pose[3], pose[4], pose[5] = x, y, across, down
        pose[6], pose[7] = x * across * per_focal * per_focal, y * down * per_focal * per_focal
        pose[8] = share[i]


@loop
def source(pose, x, y):
    """The point of the sharp image that a pose maps to (x, y), both in px from the middle.

    Undoes the roll, then the rotation of the camera that shifts the middle of the image.
    """
    u, v = pose[0] * x + pose[1] * y, pose[0] * y - pose[1] * x
    depth = pose[6] * u + pose[4]
    scale = 1.0 / (pose[7] * v + pose[5] * depth)
    return pose[4] * (u - pose[2]) * scale, pose[5] * (v - pose[3] * depth) * scale


@loop
def fill_path(path, poses, x, y):
    """Fill path (n, 2), px: the displacement of (x, y), px from the middle, in each pose."""
    for i in range(poses.shape[0]):
        u, v = source(poses[i], x, y)
        path[i, 0], path[i, 1] = x - u, y - v
