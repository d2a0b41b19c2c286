"""Sharp patches: generated dead-leaves scenes, and crops of photos.

Import from here: `dead_leaves.dead_leaves`, `photos.Photos`.
"""
