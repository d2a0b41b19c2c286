"""Datasets of blurry/sharp pairs: settings, samples, writing, verifying, viewing, online use.

Import from here: `settings.SynthSettings`, `synth`, `shards`, `dask`, `verify`, `describe`,
`preview`, `online`, `transforms`.
"""
