"""Image files, and sheets of pictures.

Import from here: `files` (read and write), `headers` (sizes before decoding), `sheets`.
"""
