"""Parts of reports: HTML pages, charts, cell diagrams, before/after sliders, text.

Any wing above may import from here. A page or picture lives with its subject
(`strategy/page.py`, `comparison/plots.py`).
"""
