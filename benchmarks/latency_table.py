"""Predicted against measured latency: python benchmarks/latency_table.py

Cost tables are measured anew, then whole networks: random ones, random ones at the cost of UNet and
at half of it, and networks with the same operation in all slots. The networks and UNet take turns.
The target: every prediction within 10 % of the measurement.
"""

import argparse
import time

import torch
from common import CORES, hardware, rounded, save, use_cores

from nas.cost.measured import latency_table
from nas.cost.timing import latency
from nas.space.genotype import CELLS, FUSION_NAMES, OPERATION_NAMES, Genotype
from nas.space.network import build


def genotypes(table):
    """{name: genotype} of all kinds."""
    networks = {f"random {seed}": Genotype.sample(seed) for seed in range(4)}
    for share in (0.5, 1.0):
        for seed in range(4):
            low, high = (share * edge * table.unet for edge in (0.98, 1.02))
            networks[f"{share:g} UNet {seed}"] = table.sample(seed, low, high)
    for i, name in enumerate(OPERATION_NAMES):
        fusions = [FUSION_NAMES[i % len(FUSION_NAMES)]] * 4
        networks[f"{name} only"] = Genotype.from_flat([name] * 27, fusions)
    networks["dw3_attn, ff"] = Genotype(dict.fromkeys(CELLS, ("dw3_attn", "ff", "zero")))
    return networks


def compare(width, rounds):
    start = time.perf_counter()
    table = latency_table(width, cache=False, progress=True)
    seconds = time.perf_counter() - start
    chosen = genotypes(table)
    networks = {"unet": build("unet", width)}
    networks |= {name: build(g.to_dict(), width) for name, g in chosen.items()}
    networks = {name: ready(net) for name, net in networks.items()}
    times = latency(networks, rounds=rounds, seconds=60)
    rows = {}
    for name, genotype in chosen.items():
        predicted, measured = table.of(genotype), times[name]
        in_unets = predicted / table.unet, measured / times["unet"]
        rows[name] = {
            "predicted ms": predicted,
            "measured ms": measured,
            "measured / UNet": in_unets[1],
            "error": predicted / measured - 1,
            "error, in UNets": in_unets[0] / in_unets[1] - 1,
        }
    errors = ("error", "error, in UNets")
    worst = {key: max(abs(row[key]) for row in rows.values()) for key in errors}
    unet = {"in the table, ms": table.unet, "measured ms": times["unet"]}
    return {"table takes, s": seconds, "unet": unet, "worst": worst, "networks": rows}


def ready(net):
    return net.eval().to(memory_format=torch.channels_last)


def show(name, result):
    print(f"\n{name}: the table took {result['table takes, s']:.1f} s")
    print(f"{'network':20} {'predicted':>10} {'measured':>10} {'UNets':>6} {'error':>7} in UNets")
    for network, row in result["networks"].items():
        times = f"{row['predicted ms']:7.2f} ms {row['measured ms']:7.2f} ms"
        errors = f"{row['error']:+7.1%} {row['error, in UNets']:+7.1%}"
        print(f"{network:20} {times} {row['measured / UNet']:6.2f} {errors}")
    print(", ".join(f"worst {key} {worst:.1%}" for key, worst in result["worst"].items()))


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--widths", type=int, nargs="+", default=[8, 16, 32])
    parser.add_argument("--threads", type=int, nargs="+", default=[1, CORES])
    parser.add_argument("--rounds", type=int, default=11)
    arguments = parser.parse_args()
    results = {}
    for threads in dict.fromkeys(arguments.threads):
        use_cores(threads)
        for width in arguments.widths:
            name = f"width {width}, {threads} threads"
            results[name] = compare(width, arguments.rounds)
            show(name, results[name])
    save("latency_table", {"hardware": hardware("torch"), **rounded(results)})


if __name__ == "__main__":
    main()
