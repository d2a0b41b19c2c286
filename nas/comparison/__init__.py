"""The comparison of networks under one recipe: plan, trials as subprocesses, results.

`nas.compare` runs it. Import from here: `settings.CompareSettings`; everything else serves that
command.
"""
