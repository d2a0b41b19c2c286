"""Costs of operations and networks (latency, MACs), and choices within a budget.

Import from here: `table.CostTable`, `measured`, `counted`, `timing`.
"""
