"""A differentiable search for deblurring networks, and what trains, compares and uses them.

Commands: `search`, `retrain`, `compare`, `evaluate`, `deblur`, `export`, `latency`. `space` holds
the networks, `strategy` the search, `cost` the latency table, `training` the recipe, `evaluation`
the scores, `restoration` and `photos` the use on photos, `comparison` the trials, `runtime` the
backends, `report` the kit of the pages.
"""
