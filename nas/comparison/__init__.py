"""The comparison of networks under one recipe: plan, trials, processes, table and page.

Import from here: `settings.CompareSettings`; `nas.compare` runs them.
"""
