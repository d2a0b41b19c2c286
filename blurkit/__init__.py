"""Camera-shake blur kernels, blurred image pairs, and the file that holds them.

`kernel` makes kernels, `camera` and `handheld` blur photos with them, `scenes` and `images` bring
the photos, `dataset` and `store` write pairs, `importers` bring pairs of others, `realism` compares
kernels, `cli` is the command. The public names are listed in `__init__.pyi`.
"""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
