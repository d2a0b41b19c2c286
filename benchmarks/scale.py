"""What a large dataset takes, on paper, from the measured rate of synthesis.

    python benchmarks/scale.py [--rates benchmarks/results/synth.json] [--write docs/scale.md]

Pairs of the default settings. The rate of the most cores measured is taken to grow in proportion
to the cores, which was measured on that one machine only. Prices are assumptions and no quotes:
round figures for on-demand and spot compute, local SSD volumes and object storage at the large
providers, as believed in November 2026; give your own.
"""

import argparse
import json
from pathlib import Path

from blurkit import SynthSettings
from blurkit.dataset.samples import sample_types

MARKS = "<!-- benchmarks/scale.py writes this -->\n", "<!-- to here -->\n"
CORES = (2, 16, 64, 256, 1024)


def rate_of(file):
    """(pairs a second, cores) of the most cores in a result file of benchmarks/synth.py."""
    rates = json.loads(Path(file).read_text(encoding="utf-8"))["pairs_per_s"]
    cores = max(map(int, rates))
    return rates[str(cores)], cores


def duration(hours):
    if hours < 1.5:
        return f"{60 * hours:.0f} min"
    return f"{hours:.0f} h" if hours < 48 else f"{hours / 24:.1f} days"


def page(arguments, rate, cores):
    """The table and what it rests on, as Markdown."""
    pair = sum(kind.itemsize for kind in sample_types(SynthSettings(), None).values())
    n, per_core = arguments.pairs, rate / cores
    size, core_hours = n * pair, n / per_core / 3600
    shards = -(-n // arguments.shard)
    lines = [
        f"{n:,} pairs of the default settings: {pair:,} bytes a pair, {size / 1e12:.1f} TB in "
        f"{shards:,} shards of {arguments.shard:,} ({arguments.shard * pair / 1e9:.1f} GB, "
        f"{duration(arguments.shard / per_core / 3600)} on one core). From {rate:,.0f} pairs/s "
        f"measured on {cores} cores, {per_core:,.0f} a core.",
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
        f"demand, ${core_hours * arguments.spot_hour:.2f} spot. Keeping it costs ${disk:,.0f} a "
        f"month on SSD volumes, ${stored:,.0f} in object storage. Assumed (November 2026, no "
        f"quotes): ${arguments.core_hour} a core-hour on demand, ${arguments.spot_hour} spot, "
        f"${arguments.disk} a GB and month on SSD, ${arguments.object} in object storage.",
    ]
    return "\n".join(lines) + "\n"


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rates", help="a result file of benchmarks/synth.py")
    parser.add_argument("--rate", type=float, default=1420, help="or: pairs a second, and")
    parser.add_argument("--cores", type=int, default=2, help="on how many cores")
    parser.add_argument("--pairs", type=int, default=10**8)
    parser.add_argument("--shard", type=int, default=10**5, help="pairs in a shard")
    parser.add_argument("--core-hour", type=float, default=0.05, help="dollars, on demand")
    parser.add_argument("--spot-hour", type=float, default=0.02, help="dollars, spot")
    parser.add_argument("--disk", type=float, default=0.08, help="dollars a GB and month")
    parser.add_argument("--object", type=float, default=0.023, help="dollars a GB and month")
    parser.add_argument("--write", metavar="FILE", help="put the table into this page")
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
