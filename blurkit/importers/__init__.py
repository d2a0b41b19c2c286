"""Real blurry/sharp pairs, read in the layouts in which they are published.

Import from here: `settings.ImportSettings`, `write.import_pairs`.
"""
