"""Evaluation protocols of published benchmarks: folder layouts and scores, one file each.

Import from here: `by_name`, and `kohler_score` and `levin_score` for images restored elsewhere.
"""
