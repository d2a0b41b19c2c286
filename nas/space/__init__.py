"""The search space: genotype, operations, frame of nine cells, supernet, networks, UNet.

Import from here: `genotype.Genotype`, `network.build`, `supernet.Supernet`.
"""
