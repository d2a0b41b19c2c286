"""The cost table in milliseconds, measured inside whole networks.

Networks of random operations run as a whole, and each of their slots and skips is timed. Every
operation thus runs with the caches and memory that its predecessors leave behind, and the parts of
a network add up to its time.
"""

import logging
import math
import random
from collections import defaultdict
from collections.abc import Mapping, Sequence
from statistics import median
from typing import Any

import numpy as np
import torch

from blurkit.errors import SettingError
from blurkit.progress import bar
from nas.cost.cache import cached
from nas.cost.counted import EMPTY
from nas.cost.stopwatch import Stopwatch, places, timed_parts
from nas.cost.table import CostTable
from nas.cost.timing import SIDE, image_of, timed
from nas.device import Net, hardware, keep_memory, to_channels_last
from nas.space.frame import LEVELS
from nas.space.genotype import (
    DECODER,
    FUSION_NAMES,
    OPERATION_NAMES,
    SLOTS,
    SPACE,
    WIDTHS,
    Genotype,
)
from nas.space.network import Network, build

log = logging.getLogger("nas")

TABLE_VERSION = 1  # of the method; tables of another version are measured again
NETWORKS = 36  # enough for every operation to occur three times in every slot
ZEROS = 5  # for each other operation: the networks are about as small as those of a search
PASSES = {"cpu": 3, "cuda": 10}  # timed passes of each network, after one that is not timed
STEADY = (0.8, 1.25)  # range of the factor on an idle machine; 0.99 to 1.03 is usual
ATTEMPTS = 3  # to measure a reliable table
TOGETHER = 4  # random networks measured in turns
SLOT_LEVELS = [level for level in LEVELS for _ in range(SLOTS)]
Place = tuple[str, int, str]  # see `nas.cost.stopwatch.places`


def _random_networks(count: int, widths: tuple[int, ...]) -> list[Genotype]:
    """Genotypes in which each place has each of its options equally often, except zero."""
    rng = random.Random(0)

    def column(options: tuple[str, ...]) -> list[str]:
        return rng.sample((list(options) * count)[:count], count)

    options = OPERATION_NAMES + ("zero",) * (ZEROS - 1)
    names = [column(options) for _ in SLOT_LEVELS]
    fusions = [column(FUSION_NAMES) for _ in DECODER]
    each = zip(zip(*names, strict=True), zip(*fusions, strict=True), strict=True)
    return [Genotype.from_flat(n, f, widths) for n, f in each]


def latency_table(
    width: int,
    widths: tuple[int, ...] = WIDTHS,
    device: torch.device | str = "cpu",
    *,
    side: int = SIDE,
    progress: bool = False,
    cache: bool = True,
    networks: int = NETWORKS,
) -> CostTable:
    """Milliseconds of every operation and fusion, measured on this device.

    Parameters
    ----------
    width : int
    widths : 5 ints
        Channels of the levels are `width` times these; those of the UNet are as published.
    device : torch.device or str
    side : int, a multiple of 16
        Of the square image on which networks run, as in `nas.cost.timing.latency`.
    progress : bool
        Show a bar over the networks if measuring takes over two seconds.
    cache : bool
        Read the table from the user's cache, or write it there (see `nas.cost.cache`).
    networks : int >= 12
        Random networks to measure.

    Returns
    -------
    table : CostTable, in ms

    Notes
    -----
    An operation's cost is the median over the slots of its level in all networks and passes, minus
    the time of reading the clock, which is that of a slot without an operation. The frame is the
    network without operations. One factor, close to 1, then fits the sums of the operations to the
    times of the networks: the frame is slower after operations that have evicted its caches. UNet
    and frame are timed in turns with the networks, so that a machine that slows down slows all of
    them. If the factor is far from 1, the machine was busy: everything is measured again, up to 3
    times in all, and the attempt with the factor nearest to 1 is kept. If that is far off too, the
    log warns, the table's facts say `trusted: false`, and the table is not cached. The random state
    of torch is unchanged.

    Raises
    ------
    SettingError
        "side must be a multiple of 16, got 50"; "networks must be >= 12, got 4"; a width
    """
    least = len(OPERATION_NAMES) + ZEROS - 1
    if networks < least:
        raise SettingError(f"networks must be >= {least}, got {networks}")
    if side < Network.stride or side % Network.stride:
        raise SettingError(f"side must be a multiple of {Network.stride}, got {side}")
    device = torch.device(device)
    genotypes = _random_networks(networks, widths)
    facts = hardware(device)
    key = {
        "version": TABLE_VERSION,
        "space": SPACE,
        "device": facts.get("gpu", facts["cpu"]),
        "cores": facts["cores"],
        "threads": facts["threads"],
        "torch": facts["torch"],
        "width": width,
        "widths": list(widths),
        "side": side,
        "networks": networks,
    }

    def attempt() -> CostTable:
        with torch.random.fork_rng(devices=[]):
            measured = _measure(genotypes, width, device, side, progress)
        return _table(genotypes, *measured, width, {**facts, **key})

    def measure() -> CostTable:
        table = attempt()
        for _ in range(ATTEMPTS - 1):
            if trusted(table):
                return table
            log.info("the factor is %.2f: measuring again", table.facts["factor"])
            table = min(table, attempt(), key=lambda t: abs(math.log(t.facts["factor"])))
        if not trusted(table):
            log.warning(
                "the latency table is unreliable: its parts should add up to the times of whole "
                "networks, but the factor is %.2f in the best of %d attempts. Is this machine "
                "busy? The table is used for this run only",
                table.facts["factor"],
                ATTEMPTS,
            )
        return table

    return cached(key, measure, trusted) if cache else measure()


def trusted(table: CostTable) -> bool:
    """Whether the table's parts add up to whole networks; those of a counted table always do."""
    return bool(table.facts.get("trusted", True))


@torch.inference_mode()
def _measure(
    genotypes: Sequence[Genotype], width: int, device: torch.device, side: int, progress: bool
) -> tuple[dict[str, list[float]], dict[Place, list[float]], list[list[float]]]:
    """Seconds of every pass: of "unet", "frame" and "marked" (the timed frame), of each place, and
    of each network."""
    keep_memory()
    image, watch = image_of(side, device), Stopwatch(device)

    def ready(net: Net) -> Net:
        return to_channels_last(net.eval(), device)

    def frame() -> Network:
        return ready(Network(Genotype(EMPTY.cells, widths=genotypes[0].widths), width))

    fixtures = {"unet": ready(build("unet", width)), "frame": frame()}
    fixtures["marked"] = timed_parts(frame(), watch)
    whole: dict[str, list[float]] = {name: [] for name in fixtures}
    spans_by_place: dict[Place, list[float]] = defaultdict(list)
    totals: list[list[float]] = []
    for net in fixtures.values():
        timed(net, image)
    with bar(len(genotypes), "timing", "network", disable=not progress, delay=2) as shown:
        for first in range(0, len(genotypes), TOGETHER):
            group = genotypes[first : first + TOGETHER]
            nets = [timed_parts(ready(Network(genotype, width)), watch) for genotype in group]
            for net in nets:
                timed(net, image)
            passes: list[list[float]] = [[] for _ in nets]
            for _ in range(PASSES[device.type]):
                for name, net in fixtures.items():
                    whole[name].append(timed(net, image))
                for genotype, net, seconds in zip(group, nets, passes, strict=True):
                    watch.spans()
                    seconds.append(timed(net, image))
                    for place, span in zip(places(genotype), watch.spans(), strict=True):
                        spans_by_place[place].append(span)
            totals += passes
            shown.update(len(nets))
    return whole, spans_by_place, totals


def _table(
    genotypes: Sequence[Genotype],
    whole: Mapping[str, list[float]],
    spans_by_place: Mapping[Place, list[float]],
    totals: Sequence[list[float]],
    width: int,
    facts: dict[str, Any],
) -> CostTable:
    """The table that fits the measured seconds (see the notes of `latency_table`)."""
    unet, frame, marked = (median(whole[name]) for name in ("unet", "frame", "marked"))
    reading = median(
        t for (_, _, name), spans in spans_by_place.items() if name == "zero" for t in spans
    )

    def cost(kind: str, where: int, name: str) -> float:
        if name == "zero":
            return 0.0
        return max(median(spans_by_place[kind, where, name]) - reading, 0.0)

    slots = [[cost("slot", level, name) for name in OPERATION_NAMES] for level in SLOT_LEVELS]
    skips = [[cost("skip", i, name) for name in FUSION_NAMES] for i in range(len(DECODER))]
    fixed = frame - sum(cost("skip", i, "add") for i in range(len(DECODER)))
    # without the time of the marks, which the frame shows
    times = [median(each) - (marked - frame) for each in totals]
    sums = [sum(cost(*place) for place in places(genotype)) for genotype in genotypes]
    factor = median((time - fixed) / total for time, total in zip(times, sums, strict=True))
    factor = min(max(factor, 0.5), 2.0)  # caches explain no more (see STEADY)
    return CostTable(
        "ms",
        1e3 * max(fixed, 0.0),
        1e3 * factor * np.array(slots),
        1e3 * factor * np.array(skips),
        1e3 * unet,
        width,
        genotypes[0].widths,
        {**facts, "factor": factor, "trusted": STEADY[0] <= factor <= STEADY[1]},
    )
