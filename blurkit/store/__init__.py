"""The dataset file: blurry and sharp pairs in plain contiguous HDF5, version 1 of the format.

Import from here: `PairFile` and `PairSet` to read, `open_writer` to write, the names below.
"""

from blurkit.store.disk import FileBusy
from blurkit.store.layout import FORMAT_VERSION, read_layout, row_types
from blurkit.store.metadata import metadata_faults
from blurkit.store.names import PART, checked_out, expand, is_pattern, part_path, shard_name
from blurkit.store.pairset import PairSet, missing_shards, warn_of_missing
from blurkit.store.plan import PlannedFile, check_space, prepare
from blurkit.store.reader import PairFile
from blurkit.store.writer import Writer, open_writer

__all__ = [
    "FORMAT_VERSION",
    "PART",
    "FileBusy",
    "PairFile",
    "PairSet",
    "PlannedFile",
    "Writer",
    "check_space",
    "checked_out",
    "expand",
    "is_pattern",
    "metadata_faults",
    "missing_shards",
    "open_writer",
    "part_path",
    "prepare",
    "read_layout",
    "row_types",
    "shard_name",
    "warn_of_missing",
]
