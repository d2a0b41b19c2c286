"""Photos on disk: reading and writing with depth, alpha, EXIF and ICC kept, and batch jobs.

Import from here: `photo`, `jobs`, `restorer`; `nas.deblur` runs them.
"""
