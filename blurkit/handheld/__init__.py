"""Blur that differs from place to place: a camera that shifts and rolls in the hand.

Import from here: `motion.Motion`, `shake.shake`, `shake.kernel_at`, `snapshot.snapshot`.
"""
