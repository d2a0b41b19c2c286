"""Differentiable search for deblurring networks, and commands to train, compare and use them.

Commands: `search`, `retrain`, `compare`, `evaluate`, `deblur`, `export`, `latency`. `space` has the
networks, `strategy` the search, `cost` the latency table, `training` the recipe, `evaluation` the
scores, `restoration` and `photos` the restoring of photos, `comparison` the trials, `runtime` the
backends, `report` the parts of pages.
"""
