"""Sharp scenes: generated dead leaves, and crops of the user's photos.

From outside, import `dead_leaves.dead_leaves`, `dead_leaves.fill_scene`, `photos.scan` and
`photos.Photos`.
"""
