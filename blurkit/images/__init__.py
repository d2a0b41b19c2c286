"""Image files and contact sheets.

Import from here: `files` (read and write), `headers` (sizes before decoding), `sheets`.
"""
