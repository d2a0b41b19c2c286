"""First and second moments of kernels."""

import numpy as np


def centroid(kernel):
    """(x, y) of the centroid from the middle of the kernel, px."""
    offset = np.arange(len(kernel)) - len(kernel) // 2
    weights = kernel.astype(float)
    return np.array([weights.sum(axis=0) @ offset, weights.sum(axis=1) @ offset])


def covariance(kernel):
    """Second moments about the middle, px**2: [[xx, xy], [xy, yy]]."""
    offset = np.arange(len(kernel)) - len(kernel) // 2
    y, x = np.meshgrid(offset, offset, indexing="ij")
    weights = kernel.astype(float)
    return np.array([[(weights * a * b).sum() for b in (x, y)] for a in (x, y)])
