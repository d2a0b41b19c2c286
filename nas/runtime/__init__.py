"""Run a network outside its training: exported programs, and the modes that are timed.

Import from here: `program` (used by `nas.export`), and `backends`, `settings`, `page` and `plots`
(used by `nas.latency`).
"""
