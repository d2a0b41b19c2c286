"""Real blurry/sharp pairs, from the layouts in which they are published into the dataset file.

Import from here: `settings.ImportSettings`, `write.import_pairs`.
"""
