"""The dataset file: blurry and sharp pairs in plain contiguous HDF5, version 1 of the format."""

from blurkit.store.layout import FORMAT_VERSION, read_layout, row_types
from blurkit.store.names import AnyPath, expand, is_pattern, shard_name
from blurkit.store.pairset import PairSet, warn_of_missing
from blurkit.store.plan import PlannedFile, prepare
from blurkit.store.reader import PART, PairFile
from blurkit.store.writer import FileBusy, Writer, open_writer

__all__ = [
    "FORMAT_VERSION",
    "PART",
    "AnyPath",
    "FileBusy",
    "PairFile",
    "PairSet",
    "PlannedFile",
    "Writer",
    "expand",
    "is_pattern",
    "open_writer",
    "prepare",
    "read_layout",
    "row_types",
    "shard_name",
    "warn_of_missing",
]
