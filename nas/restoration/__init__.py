"""A network applied to one image: tiles, scales, and the memory that they take.

Import from here: `restore`.
"""
