"""Small folders in the layouts of the evaluation protocols, and their scores and errors."""

from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

from blurkit.errors import FileError
from blurkit.images.files import write_image
from nas.evaluation.protocols.by_name import find_benchmark


def put(folder, *names, value=0, shape=(20, 24, 3)):
    """Random images, other ones for another value."""
    rng = np.random.default_rng(value)
    for name in names:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        write_image(folder / name, rng.integers(0, 256, shape, dtype=np.uint8))


def scores(benchmark, i, images=None):
    """Of the input of case i by default, and how often the bar moved on."""
    case, done = benchmark.read(i), []
    with ThreadPoolExecutor(2) as pool:
        found = case.score(images or [case.blurry], pool, lambda: done.append(1))
    return found, len(done)


def refused(folder, *arguments, **named):
    with pytest.raises(FileError) as error:
        find_benchmark(folder, *arguments, **named)
    return str(error.value).replace(str(folder), "HERE")
