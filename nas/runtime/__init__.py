"""How fast a network runs: eager, compiled, ONNX Runtime, bf16.

Import from here: `program`, `backends`, `settings`; `nas.latency` and `nas.export` run them.
"""
