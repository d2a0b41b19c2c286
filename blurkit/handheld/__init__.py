"""Spatially varying blur: a camera that shifts and rolls in the hand.

From outside, import `motion.Motion`, `shake.shake`, `shake.kernel_at` and `snapshot`.
"""
