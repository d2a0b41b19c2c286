"""`blurkit verify`"""

import click

from blurkit.cli.options import dataset_files
from blurkit.errors import FileError, exit_codes, printable


@click.command(context_settings={"show_default": True})
@dataset_files
@click.option(
    "--deep", type=int, default=0, help="Random samples of each file to regenerate and compare."
)
@click.option("--seed", type=int, help="Seed that chooses these samples.  [default: random]")
@click.option(
    "--images",
    type=click.Path(exists=True, file_okay=False),
    help="Folder of photos that the dataset was made from, for --deep.",
)
@click.option("--quiet", is_flag=True, help="Do not show a progress bar.")
def verify(
    files: tuple[str, ...], deep: int, seed: int | None, images: str | None, quiet: bool
) -> None:
    """Check a dataset: its samples against their checksums, and its metadata.

    Exit code 0: intact; 1: damaged, unfinished or not made by blurkit; 2: wrong usage.
    """
    with exit_codes():
        from blurkit.dataset.verify import verify as check
        from blurkit.store import PairSet, expand, missing_shards, read_layout

        paths, layouts, faulty = expand(files), [], 0
        for path in paths:
            try:
                layouts.append(read_layout(path))
                # of several files, only those made from photos need --images
                photos = len(paths) == 1 or layouts[-1].attributes["settings"].get("images")
                chosen = images if photos else None
                verdict = check(path, deep=deep, seed=seed, images=chosen, progress=not quiet)
                if not verdict.sound:
                    raise FileError(str(verdict))
            except FileError as error:
                if len(paths) == 1:
                    raise
                faulty += 1
                click.echo(printable(str(error)), err=True)
            else:
                click.echo(verdict)
        if faulty:
            raise FileError(f"{faulty} of {len(paths)} files failed the check")
        if len(paths) > 1:
            if missing := missing_shards(layouts):
                raise FileError("; ".join(missing))
            PairSet(paths)  # refuses duplicate samples
