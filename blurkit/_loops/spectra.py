"""Products of packed spectra."""

from blurkit._loops.jit import loop


@loop
def multiply_packed(a, b):
    """a *= b for spectra (H, W) of real images with even sides, as packed by `cv2.dft`.

    Real and imaginary parts alternate along rows. In the first and the last column they alternate
    down the column, whose two ends are real.
    """
    height, width = a.shape
    for row in range(height):
        p, q = a[row], b[row]
        for j in range(1, width - 1, 2):
            real = p[j] * q[j] - p[j + 1] * q[j + 1]
            p[j + 1] = p[j] * q[j + 1] + p[j + 1] * q[j]
            p[j] = real
    for column in (0, width - 1):
        a[0, column] *= b[0, column]
        a[height - 1, column] *= b[height - 1, column]
        for i in range(1, height - 1, 2):
            real = a[i, column] * b[i, column] - a[i + 1, column] * b[i + 1, column]
            imaginary = a[i, column] * b[i + 1, column] + a[i + 1, column] * b[i, column]
            a[i, column], a[i + 1, column] = real, imaginary
