"""Import the peers whose torchvision may not fit the installed torch.

deepinv imports torchvision, whose compiled part loads only beside the torch build it was linked
against. None of what is measured here calls it, so where it does not load its operators are
declared by name and nothing more: then the Python part of torchvision imports.
"""

from torch import library

OPERATORS = (
    "nms qnms roi_align roi_pool ps_roi_align ps_roi_pool deform_conv2d _roi_align_backward "
    "_roi_pool_backward _ps_roi_align_backward _ps_roi_pool_backward _deform_conv2d_backward"
)

try:
    import torchvision  # noqa: F401
except RuntimeError:  # operator torchvision::nms does not exist
    LIBRARY = library.Library("torchvision", "DEF")
    for operator in OPERATORS.split():
        LIBRARY.define(f"{operator}(Tensor a) -> Tensor")

import albumentations  # noqa: E402
import deepinv  # noqa: E402
import kornia  # noqa: E402

__all__ = ["albumentations", "deepinv", "kornia"]
