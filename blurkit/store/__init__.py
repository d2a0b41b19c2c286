"""The dataset file: blurry and sharp pairs in plain contiguous HDF5, version 1 of the format."""

from blurkit.store.layout import FORMAT_VERSION, read_layout, row_types
from blurkit.store.metadata import metadata_faults
from blurkit.store.reader import PART, PairFile
from blurkit.store.writer import Writer, check_space, open_writer

__all__ = [
    "FORMAT_VERSION",
    "PART",
    "PairFile",
    "Writer",
    "check_space",
    "metadata_faults",
    "open_writer",
    "read_layout",
    "row_types",
]
