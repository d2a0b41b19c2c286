"""Scoring: metrics, image pairs, the benchmarks' protocols, the table and the page.

Import from here: `metrics`, `ms_ssim`, `pairs`, `networks`, `protocols`; `nas.evaluate` runs the
evaluation.
"""
