"""The cost that a search may spend: its table, its budget, and what the result really costs."""

import logging
import math
from pathlib import Path

import torch

from blurkit.errors import SettingError
from blurkit.files import write_whole
from nas.cost.counted import macs_table
from nas.cost.measured import latency_table, trusted
from nas.cost.table import CLOSE, CostTable
from nas.cost.timing import latency, macs
from nas.device import to_channels_last
from nas.space.genotype import Genotype
from nas.space.network import build
from nas.strategy.settings import SearchSettings

log = logging.getLogger("nas")


def cost_table(folder: Path, s: SearchSettings, device: torch.device, progress: bool) -> CostTable:
    """The cost table of a search, kept in its folder; all zeros if the search has no target."""
    if not s.target:
        return CostTable.free(s.width, s.widths)
    path = folder / "costs.json"
    if path.exists():
        return CostTable.load(path)
    if s.macs_target:
        table = macs_table(s.width, s.widths)
    else:
        table = latency_table(s.width, s.widths, device, progress=progress)
    write_whole(path, table.to_json())
    return table


def budget_of(s: SearchSettings, costs: CostTable) -> float:
    """The most that a genotype may cost, in the table's unit; infinite without a target."""
    return s.target * costs.unet if s.target else math.inf


def check_target(s: SearchSettings, costs: CostTable) -> None:
    """Refuse a target that no network of the space can meet.

    Raises SettingError "latency-target must be between 0.25 and 2.83, the costs of the cheapest
    and the most expensive network in units of UNet's ms (0 is any), got 0.1".
    """
    least, most = (cost / costs.unet for cost in costs.bounds())
    if s.target and not least <= s.target <= most:
        name = "macs-target" if s.macs_target else "latency-target"
        raise SettingError(
            f"{name} must be between {least:.3g} and {most:.3g}, the costs of the cheapest and the "
            f"most expensive network in units of UNet's {costs.unit} (0 is any), got {s.target:g}"
        )


def measure_cost(
    genotype: Genotype, s: SearchSettings, costs: CostTable, device: torch.device
) -> dict[str, float | str | bool]:
    """Predicted and measured cost of the result, and UNet's measured in the same run.

    "trusted" is false if the table was measured on a busy machine, or if its prediction for this
    genotype is off by more than 10 %.
    """
    networks = {"result": build(genotype.to_dict(), s.width), "unet": build("unet", s.width)}
    for net in networks.values():
        to_channels_last(net, device).eval()
    if costs.unit == "MACs":
        measured = {name: float(macs(net, device=device)) for name, net in networks.items()}
    else:
        measured = latency(networks, device=device)
    predicted, cost, unet = costs.of(genotype), measured["result"], measured["unet"]
    error, ratio = predicted / cost - 1, cost / unet
    log.info(
        f"cost: predicted {predicted:.4g} {costs.unit}, measured {cost:.4g} "
        f"(prediction off by {100 * error:+.0f} %); UNet {unet:.4g}, ratio {ratio:.2f}"
    )
    if abs(error) > CLOSE:
        log.warning(
            "the prediction is off by more than 10 %: was the machine busy with other work?"
        )
    if ratio > (1 + CLOSE) * s.target:
        log.warning("the network costs %.2f x UNet, more than the target of %g x", ratio, s.target)
    return {
        "unit": costs.unit,
        "predicted": predicted,
        "trusted": trusted(costs) and abs(error) <= CLOSE,
        "measured": cost,
        "unet": unet,
        "of_unet": ratio,
    }
