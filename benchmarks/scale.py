"""An estimate of the time and cost of a large dataset, from the measured rate of synthesis.

    python benchmarks/scale.py [--rates benchmarks/results/synth.json] [--write docs/scale.md]

Pairs have the default settings. The rate measured with the most cores is assumed to grow in
proportion to the number of cores, which has been measured on one machine only. Prices are
assumptions, not quotes: round figures for on-demand and spot compute, local SSD volumes and object
storage at large providers in November 2026. Replace them with your own.
"""

import argparse
import json
from pathlib import Path

from blurkit import SynthSettings
from blurkit.dataset.samples import sample_types

MARKS = "<!-- benchmarks/scale.py writes this -->\n", "<!-- to here -->\n"
CORES = (2, 16, 64, 256, 1024)


def rate_of(file):
    """(pairs per second, cores) for the most cores in a result file of benchmarks/synth.py."""
    rates = json.loads(Path(file).read_text(encoding="utf-8"))["pairs_per_s"]
    cores = max(map(int, rates))
    return rates[str(cores)], cores


def duration(hours):
    if hours < 1.5:
        return f"{60 * hours:.0f} min"
    return f"{hours:.0f} h" if hours < 48 else f"{hours / 24:.1f} days"


def page(arguments, rate, cores):
    """The table and its assumptions, as Markdown."""
    pair = sum(kind.itemsize for kind in sample_types(SynthSettings(), None).values())
    n, per_core = arguments.pairs, rate / cores
    size, core_hours = n * pair, n / per_core / 3600
    shards = -(-n // arguments.shard)
    lines = [
        f"{n:,} pairs with the default settings take {pair:,} bytes each, {size / 1e12:.1f} TB in "
        f"{shards:,} shards of {arguments.shard:,} ({arguments.shard * pair / 1e9:.1f} GB and "
        f"{duration(arguments.shard / per_core / 3600)} of one core per shard). The times follow "
        f"from {rate:,.0f} pairs/s measured on {cores} cores, {per_core:,.0f} per core.",
        "",
        "| cores | time | shards at once | written, MB/s |",
        "|---:|---:|---:|---:|",
    ]
    for count in CORES:
        # a core without a shard has nothing to do
        hours = -(-shards // count) * arguments.shard / per_core / 3600
        busy = min(count, shards)
        written = busy * per_core * pair / 1e6
        lines.append(f"| {count:,} | {duration(hours)} | {busy:,} | {written:,.0f} |")
    disk, stored = (size / 1e9 * each for each in (arguments.disk, arguments.object))
    lines += [
        "",
        f"Making it takes {core_hours:.0f} core-hours: ${core_hours * arguments.core_hour:.2f} on "
        f"demand, ${core_hours * arguments.spot_hour:.2f} spot. Storing it costs ${disk:,.0f} a "
        f"month on SSD volumes, ${stored:,.0f} in object storage. Assumed prices (November 2026, "
        f"not quotes): ${arguments.core_hour} per core-hour on demand, ${arguments.spot_hour} "
        f"spot, ${arguments.disk} per GB and month on SSD, ${arguments.object} in object storage.",
    ]
    return "\n".join(lines) + "\n"


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rates", help="a result file of benchmarks/synth.py")
    parser.add_argument("--rate", type=float, default=1420, help="instead: pairs per second")
    parser.add_argument("--cores", type=int, default=2, help="cores with which --rate was measured")
    parser.add_argument("--pairs", type=int, default=10**8)
    parser.add_argument("--shard", type=int, default=10**5, help="pairs per shard")
    parser.add_argument("--core-hour", type=float, default=0.05, help="dollars, on demand")
    parser.add_argument("--spot-hour", type=float, default=0.02, help="dollars, spot")
    parser.add_argument("--disk", type=float, default=0.08, help="dollars per GB and month")
    parser.add_argument("--object", type=float, default=0.023, help="dollars per GB and month")
    parser.add_argument("--write", metavar="FILE", help="replace the table in this page")
    arguments = parser.parse_args()
    rate = rate_of(arguments.rates) if arguments.rates else (arguments.rate, arguments.cores)
    text = page(arguments, *rate)
    print(text, end="")
    if arguments.write:
        document = Path(arguments.write).read_text(encoding="utf-8")
        before, rest = document.split(MARKS[0])
        after = rest.split(MARKS[1])[1]
        whole = before + MARKS[0] + text + MARKS[1] + after
        Path(arguments.write).write_text(whole, encoding="utf-8")


if __name__ == "__main__":
    main()
