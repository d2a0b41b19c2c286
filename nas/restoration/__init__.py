"""Apply a network to an image of any size, in tiles and at several scales.

Import from here: `restore`, and the checks of settings in `tiles` and `scales`.
"""
