"""Photo files: reading and writing with depth, alpha, EXIF and ICC kept; jobs of many photos.

Import from here: `photo`, `jobs`, `restorer`; `nas.deblur` runs them.
"""
