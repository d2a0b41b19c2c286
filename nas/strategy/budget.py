"""The cost that a search may spend: the table it plans with, and what its network really costs."""

import logging
from pathlib import Path

import torch

from blurkit.files import write_whole
from nas.cost.measured import latency_table, macs_table, trusted
from nas.cost.table import CLOSE, CostTable
from nas.cost.timing import latency, macs
from nas.device import to_channels_last
from nas.space.genotype import Genotype
from nas.space.network import build
from nas.strategy.settings import SearchSettings

log = logging.getLogger("nas")


def costs_of(
    folder: Path, s: SearchSettings, device: torch.device, progress: bool
) -> CostTable | None:
    """The table of a search: measured (or cached) when it begins, then kept in its folder."""
    if not s.target:
        return None
    path = folder / "costs.json"
    if path.exists():
        return CostTable.load(path)
    if s.macs_target:
        table = macs_table(s.width, s.widths)
    else:
        table = latency_table(s.width, s.widths, device, progress=progress)
    write_whole(path, table.to_json())
    return table


def check_cost(
    genotype: Genotype, s: SearchSettings, costs: CostTable, device: torch.device
) -> dict[str, float | str | bool]:
    """Predicted and measured cost of the found network, beside UNet's measured in the same run.

    "trusted" is whether the table can be: one measured on a busy machine cannot, nor one whose
    prediction is off by more than 10 % here.
    """
    networks = {"found": build(genotype.to_dict(), s.width), "unet": build("unet", s.width)}
    for net in networks.values():
        to_channels_last(net, device).eval()
    if costs.unit == "MACs":
        measured = {name: float(macs(net, device=device)) for name, net in networks.items()}
    else:
        measured = latency(networks, device=device)
    predicted, found, unet = costs.of(genotype), measured["found"], measured["unet"]
    off = predicted / found - 1
    log.info(
        "cost: predicted %.4g %s, measured %.4g (%+.0f %%); UNet %.4g: the found one takes %.2f",
        *(predicted, costs.unit, found, 100 * off, unet, found / unet),
    )
    if abs(off) > CLOSE:
        log.warning(
            "the prediction is off by more than 10 %: was the machine busy with other work?"
        )
    if found / unet > (1 + CLOSE) * s.target:
        log.warning(
            "the network takes %.2f of UNet, more than the %g asked", found / unet, s.target
        )
    return {
        "unit": costs.unit,
        "predicted": predicted,
        "trusted": trusted(costs) and abs(off) <= CLOSE,
        "measured": found,
        "unet": unet,
        "of_unet": found / unet,
    }
