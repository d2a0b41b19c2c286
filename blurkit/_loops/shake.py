"""Spatially varying blur: sparse kernels at the corners of tiles, interpolated between them.

A path splatted on the four pixels around each point gives a kernel whose weights are linear in the
path as long as no point changes cell. So where paths hardly differ between corners, bilinear
interpolation of the weights is close to the warp itself, at the cost of a convolution.
"""

import numpy as np

from blurkit._loops.camera import fill_noise, sense
from blurkit._loops.jit import loop
from blurkit._loops.poses import fill_path, source
from blurkit._loops.stream import NOISE, stream_key

LANES = 16  # values processed at once: rows of a tile are padded to a multiple


@loop
def mirror(i, size):
    """i reflected into 0 .. size-1 at the borders, without repeating the border pixel."""
    if 0 <= i < size:
        return i
    period = max(2 * size - 2, 1)
    i = abs(i) % period
    return i if i < size else period - i


@loop
def gather(plane, image, table, top, left):
    """Fill plane (h, w, C) from image (H, W, C) from (top, left) on, mirrored at its borders.

    table: (256,) of the type of plane; if not empty, it replaces each byte.
    """
    rows, columns, channels = plane.shape
    places = np.empty(columns, np.int64)
    for j in range(columns):
        places[j] = mirror(left + j, image.shape[1])
    for i in range(rows):
        row, out = image[mirror(top + i, image.shape[0])], plane[i]
        if table.shape[0] > 0:
            for j in range(columns):
                for c in range(channels):
                    out[j, c] = table[np.int64(row[places[j], c])]
        else:
            for j in range(columns):
                for c in range(channels):
                    out[j, c] = row[places[j], c]


@loop
def splat(kernel, path, poses, top, left):
    """Write kernel (h, w), first cell (top, left): splat each point of path (n, 2) on 4 cells."""
    kernel[:, :] = 0.0
    for i in range(path.shape[0]):
        x, y = path[i, 0] - left, path[i, 1] - top
        column, row = int(x), int(y)
        right, down = x - column, y - row
        share = poses[i, 8]
        upper, lower = share * (1.0 - down), share * down
        kernel[row, column] += upper * (1.0 - right)
        kernel[row, column + 1] += upper * right
        kernel[row + 1, column] += lower * (1.0 - right)
        kernel[row + 1, column + 1] += lower * right


@loop
def box(paths):
    """(top, left, bottom, right) of the cells that paths (n, m, 2) reach, all inclusive."""
    left = right = paths[0, 0, 0]
    top = bottom = paths[0, 0, 1]
    for k in range(paths.shape[0]):
        for i in range(paths.shape[1]):
            x, y = paths[k, i, 0], paths[k, i, 1]
            left, right = min(left, x), max(right, x)
            top, bottom = min(top, y), max(bottom, y)
    first, last = np.floor(top), np.floor(bottom) + 1.0
    return int(first), int(np.floor(left)), int(last), int(np.floor(right) + 1.0)


@loop
def collect(left, right, start, stride, channels, offsets, weights):
    """Write the union of the taps of four kernels: offsets (n,) and weights (4, n).

    left, right: (2, h, w), the kernels at the upper and lower corners of a tile; start: offset of
    a kernel's first cell. Returns the number of taps, padded to a multiple of 4 by zero weights.
    """
    height, width = left.shape[1:]
    count = 0
    for row in range(height):
        for column in range(width):
            one, two = left[0, row, column], right[0, row, column]
            three, four = left[1, row, column], right[1, row, column]
            if one + two + three + four > 0.0:
                offsets[count] = start - row * stride - column * channels
                weights[0, count], weights[1, count] = one, two
                weights[2, count], weights[3, count] = three, four
                count += 1
    while count % 4:
        offsets[count] = offsets[0]
        weights[:, count] = 0.0
        count += 1
    return count


@loop
def add_two_ways(near, far, plane, offsets, first, second, count):
    """near[j], far[j] = sum over t of first[t] or second[t] * plane[offsets[t] + j]."""
    near[:] = 0.0
    far[:] = 0.0
    for t in range(0, count, 4):
        w, x, y, z = first[t], first[t + 1], first[t + 2], first[t + 3]
        p, q, r, s = second[t], second[t + 1], second[t + 2], second[t + 3]
        a, b = plane[offsets[t] :], plane[offsets[t + 1] :]
        c, d = plane[offsets[t + 2] :], plane[offsets[t + 3] :]
        for j in range(near.shape[0]):
            near[j] += (w * a[j] + x * b[j]) + (y * c[j] + z * d[j])
            far[j] += (p * a[j] + q * b[j]) + (r * c[j] + s * d[j])


@loop
def interpolate(total, plane, start, stride, offsets, weights, count):
    """Blur a tile, total (h, w, C), interpolating between the kernels at its corners.

    plane: 1-D, rows `stride` apart, the first row of the tile from `start` on, LANES values longer
    than needed; weights (4, n): upper left, upper right, lower left, lower right.
    """
    rows, columns, channels = total.shape
    one, two = np.empty(count, plane.dtype), np.empty(count, plane.dtype)
    width = (columns * channels + LANES - 1) // LANES * LANES
    near, far = np.empty(width, plane.dtype), np.empty(width, plane.dtype)
    at = ((np.arange(columns) + 0.5) / columns).astype(plane.dtype)
    for i in range(rows):
        down = np.float64((i + 0.5) / rows)
        up = 1.0 - down
        for t in range(count):
            one[t] = up * weights[0, t] + down * weights[2, t]
            two[t] = up * weights[1, t] + down * weights[3, t] - one[t]
        row = plane[start + i * stride :]
        add_two_ways(near, far, row, offsets, one, two, count)
        for j in range(columns):
            for c in range(channels):
                total[i, j, c] = near[j * channels + c] + at[j] * far[j * channels + c]


@loop
def shake_block(total, image, table, poses, edges, top):
    """Blur a row of tiles into total (h, W, C), any float: the image's rows from `top` on.

    edges: (n + 1,) int64, the columns at which the n tiles begin and the last one ends.
    """
    rows, _, channels = total.shape
    upper = top - 0.5 * image.shape[0]
    paths = np.empty((2 * edges.shape[0], poses.shape[0], 2))
    for i in range(edges.shape[0]):
        x = edges[i] - 0.5 * image.shape[1]
        fill_path(paths[2 * i], poses, x, upper)
        fill_path(paths[2 * i + 1], poses, x, upper + rows)
    first, nearest, last, farthest = box(paths)
    height, width = last - first + 1, farthest - nearest + 1
    columns = edges[-1] - edges[0] + width - 1
    size = (rows + height - 1) * columns * channels
    plane = np.zeros(size + LANES, total.dtype)
    view = plane[:size].reshape(rows + height - 1, columns, channels)
    gather(view, image, table, top - last, edges[0] - farthest)
    stride = columns * channels
    start = (height - 1) * stride + (width - 1) * channels

    corners = np.empty((2, 2, height, width), total.dtype)  # of odd and even edges
    room = height * width + 8
    offsets, weights = np.empty(room, np.int64), np.empty((4, room), total.dtype)
    for i in range(edges.shape[0]):
        for k in range(2):
            splat(corners[i % 2, k], paths[2 * i + k], poses, first, nearest)
        if i > 0:
            left, right = corners[1 - i % 2], corners[i % 2]
            count = collect(left, right, start, stride, channels, offsets, weights)
            at = (edges[i - 1] - edges[0]) * channels
            part = total[:, edges[i - 1] : edges[i]]
            interpolate(part, plane, at, stride, offsets, weights, count)


@loop
def warp_rows(total, image, table, poses, top):
    """Like `shake_block` for whole rows, exactly: the mean of the bilinear warps of all poses."""
    rows, columns, channels = total.shape
    height, width = image.shape[:2]
    middle_x, middle_y = 0.5 * (width - 1), 0.5 * (height - 1)
    total[:, :, :] = 0.0
    for i in range(rows):
        for j in range(columns):
            out = total[i, j]
            for k in range(poses.shape[0]):
                u, v = source(poses[k], j - middle_x, top + i - middle_y)
                u, v = u + middle_x, v + middle_y
                column, row = int(np.floor(u)), int(np.floor(v))
                right, down = u - column, v - row
                for corner in range(4):
                    x, y = corner % 2, corner // 2
                    share = poses[k, 8] * (right if x else 1.0 - right)
                    share *= down if y else 1.0 - down
                    pixel = image[mirror(row + y, height), mirror(column + x, width)]
                    for c in range(channels):
                        if table.shape[0] > 0:
                            out[c] += share * table[np.int64(pixel[c])]
                        else:
                            out[c] += share * pixel[c]


@loop
def store_integers(out, total):
    """Write out (n,) uint8 or uint16 from total (n,) float32, rounded half up and clipped."""
    half, zero, top = np.float32(0.5), np.float32(0.0), np.float32(256**out.itemsize - 1)
    for j in range(out.shape[0]):
        out[j] = np.int32(min(max(total[j] + half, zero), top))


@loop
def sense_rows(out, total, camera, encoded, seed, index, top):
    """Write out (h, n) uint8, rows from `top` on, from light, total (h, n) float32, overwritten."""
    width = total.shape[1]
    noise = np.zeros(width + width % 2, np.float32)
    key = stream_key(seed, index, NOISE)
    for i in range(out.shape[0]):
        if camera[2] > 0.0 or camera[3] > 0.0:
            fill_noise(noise, key, np.uint64((top + i) * noise.shape[0]))
        sense(out[i], total[i], noise, camera, encoded)
