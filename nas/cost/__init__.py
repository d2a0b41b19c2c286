"""What operations cost: measured latency or counted MACs, and choices within a budget.

Import from here: `table.CostTable`, `measured`, `knapsack`.
"""
