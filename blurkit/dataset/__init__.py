"""Blurry/sharp pairs: drawn from settings, written to shards, verified, shown, or made online.

Import from here: `settings.SynthSettings`, `synth`, `shards`, `verify`, `online`, `transforms`.
"""
