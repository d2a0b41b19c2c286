"""Camera-shake blur kernels, blurry/sharp image pairs, and the dataset file that stores them.

`kernel` makes kernels, `camera` and `handheld` blur photos, `scenes` and `images` provide photos,
`dataset` and `store` write pairs, `importers` import pairs made elsewhere, `realism` compares
kernels, `cli` is the command. The public names are listed in `__init__.pyi`.
"""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
