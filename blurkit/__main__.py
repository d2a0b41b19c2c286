"""`python -m blurkit` is `blurkit`."""

from blurkit.cli import main

main(prog_name="blurkit")
