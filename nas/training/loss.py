"""PSNR as training loss and as validation score."""

from torch import Tensor


def psnr(restored: Tensor, sharp: Tensor) -> Tensor:
    """PSNR of each image in dB, differentiable; `nas.evaluation.metrics` has that of 8-bit images.

    Parameters
    ----------
    restored, sharp : (N, 3, H, W) in [0, 1]

    Returns
    -------
    psnr : (N,)
        At most 80 dB (an MSE of 1e-8).
    """
    mse = (restored - sharp).square().mean(dim=(1, 2, 3))
    return -10 * (mse + 1e-8).log10()


def psnr_loss(restored: Tensor, sharp: Tensor, floor: float = 1e-4) -> Tensor:
    """Minus the mean PSNR in dB (PSNRLoss of NAFNet, Chen et al. 2022): a scalar.

    Parameters
    ----------
    restored, sharp : (N, 3, H, W) in [0, 1]
    floor : float
        Added to the MSE. Flat or unblurred crops are nearly sharp already; with 1e-4, one at 60 dB
        does not weigh ten times as much as one at 40 dB.
    """
    mse = (restored - sharp).square().mean(dim=(1, 2, 3))
    return 10 * (mse + floor).log10().mean()
