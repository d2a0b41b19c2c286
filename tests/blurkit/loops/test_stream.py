"""The random stream: known outputs, the laws of its distributions, independence of its parts."""

import numpy as np
import pytest

from blurkit._loops import stream
from blurkit._loops.jit import loop

KEY = np.uint64(1234567)
N = 4000


def numbers(draw, n=N, **more):
    return np.array([draw(KEY, np.uint64(i), **more) for i in range(n)])


def test_outputs_are_those_of_splitmix64():
    # the published test vector: files must stay readable by other implementations
    known = [
        6457827717110365317,
        3203168211198807973,
        9817491932198370423,
        4593380528125082431,
        16408922859458223821,
    ]
    assert [int(stream.draw(KEY, np.uint64(n))) for n in range(1, 6)] == known


def test_uniform_fills_its_interval_evenly():
    u = numbers(stream.uniform)
    assert 0 <= u.min() < 0.01
    assert 0.99 < u.max() < 1
    counts = np.histogram(u, 10, (0, 1))[0]
    assert ((counts - N / 10) ** 2 / (N / 10)).sum() < 33  # chi square, 9 degrees: p < 1e-4


def test_normal_has_the_moments_of_a_sum_of_eight_bytes():
    z = numbers(stream.normal)
    assert abs(z.mean()) < 5 / np.sqrt(N)
    assert abs(z.var() - 1) < 5 * np.sqrt(2 / N)
    assert abs((z**4).mean() - (3 - 1.2 / 8)) < 0.5
    assert np.abs(z).max() < 5


def test_normal_reaches_both_extremes_of_its_bytes(monkeypatch):
    # all bytes 0 and all bytes 255: the parallel sum must not lose a carry
    plain = getattr(stream.normal, "py_func", stream.normal)
    for bits, expected in ((0, -1020), (2**64 - 1, 1020)):
        monkeypatch.setattr(stream, "draw", lambda key, n, bits=bits: np.uint64(bits))
        with np.errstate(over="ignore"):
            assert plain(KEY, stream.ONE) == pytest.approx(expected / np.sqrt(43690))


def test_below_reaches_every_integer_under_its_bound_alike():
    k = numbers(stream.below, bound=7)
    counts = np.bincount(k, minlength=7)
    assert len(counts) == 7
    assert ((counts - N / 7) ** 2 / (N / 7)).sum() < 28  # chi square, 6 degrees: p < 1e-4


def test_directions_are_unit_vectors_without_a_preferred_side():
    d = numbers(stream.direction, n=2000)
    assert np.allclose(np.hypot(*d.T), 1)
    assert np.abs(d.mean(axis=0)).max() < 5 / np.sqrt(2 * 2000)
    octants = np.bincount((d > 0) @ [1, 2] + 4 * (np.abs(d[:, 0]) > np.abs(d[:, 1])), minlength=8)
    assert ((octants - 250) ** 2 / 250).sum() < 30  # chi square, 7 degrees: p < 1e-4


def test_shuffle_permutes():
    order = np.arange(100)
    stream.shuffle(order, KEY, stream.ONE)
    assert sorted(order) == list(range(100))
    assert np.count_nonzero(order == np.arange(100)) < 8


@loop
def fill_uniform(numbers, seed, index, purpose):
    key = stream.stream_key(seed, index, purpose)
    for n in range(len(numbers)):
        numbers[n] = stream.uniform(key, np.uint64(n))


def test_neighbouring_seeds_indices_and_purposes_have_unrelated_streams():
    # a stream shared between two samples or two purposes would correlate what should not be
    which = np.array([[1, 1, 1], [2, 1, 1], [1, 2, 1], [1, 1, 2]], np.uint64)
    streams = np.empty((4, 1000))
    for row, names in zip(streams, which, strict=True):
        fill_uniform(row, *names)
    off_diagonal = np.corrcoef(streams) - np.eye(4)
    assert np.abs(off_diagonal).max() < 5 / np.sqrt(1000)


def test_no_two_purposes_have_the_same_number():
    names = ("WALK", "SHAKE", "SCENE", "TEXTURE", "CROP", "PHOTO")
    assert [int(getattr(stream, name)) for name in names] == [1, 2, 3, 4, 5, 6]
