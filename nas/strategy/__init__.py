"""The search strategy: sampling, alphas, penalties, discretisation and the final choice.

Import from here: `settings.SearchSettings`, `searcher.Searcher`; `nas.search` runs them.
"""
