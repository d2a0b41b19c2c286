"""The kit of reports: HTML, charts, cell diagrams, before/after sliders, text.

A page lives with its subject (`strategy/page.py`, `evaluation/page.py`); only its parts live here.
"""
