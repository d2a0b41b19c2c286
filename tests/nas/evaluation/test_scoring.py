import weakref

import numpy as np
import torch

from nas.evaluation.protocols.benchmark import Benchmark, Case
from nas.evaluation.scoring import score_networks
from nas.evaluation.table import Score


def test_no_more_than_one_case_is_kept():
    """A set may be larger than the memory."""
    born = []

    def read(i):
        assert all(each() is None for each in born[: i - 1])  # the last one is about to be let go
        blurry, sharp = (np.full((300, 280, 3), i, np.uint8) for _ in range(2))
        born.append(weakref.ref(blurry))
        done_after = [Score(str(i), float(i))] * 2

        def score(images, pool, done):
            assert [image.shape for image in images] == [(300, 280, 3)] * 2
            done()
            return done_after

        return Case(blurry, sharp, score)

    names = tuple(map(str, range(5)))
    benchmark = Benchmark("plain", "here", "pairs", "", "", names, (1,) * 5, read)
    networks = {"same": torch.nn.Identity()}
    of_rows, examples = score_networks(
        networks, benchmark, range(5), [3], lambda model, image: image.copy(), progress=False
    )
    assert len(born) == 5
    assert [[score.name for score in of] for of in of_rows] == [list(names)] * 2
    ((name, values, regions),) = examples
    assert (name, values) == ("3", [3.0, 3.0])
    assert [region.shape for region in regions] == [(300, 280, 3)] * 3
    assert all((region == 3).all() for region in regions)
