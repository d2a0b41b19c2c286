"""The search strategies: `gradient` (supernet and alphas) and `trainings` (evolution).

Import from here: `settings.SearchSettings`, `gradient.search_by_gradient`,
`short_training.search_by_trainings`; `nas.search` runs them.
"""
