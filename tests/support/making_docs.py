"""The blocks of the pages, and the Python and folders in which they run."""

import os
import re
import signal
import socket
import subprocess
import sys
import time
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

HERE = Path(__file__).parent
ROOT = HERE.parents[1]
PAGES = [
    ROOT / "README.md",
    ROOT / "CONTRIBUTING.md",
    ROOT / "benchmarks" / "README.md",
    ROOT / "SECURITY.md",
]
PAGES += sorted((ROOT / "docs").glob("*.md"))
LONGEST = 400  # seconds that a block may take on a busy machine before it counts as hanging
FENCE = re.compile(r"^( *)```(\w*)\n(.*?)^\1```$", re.M | re.S)
NOT_RUN = re.compile(r"<!-- not run: (.+) -->\n\Z")


@dataclass(frozen=True)
class Block:
    """A fenced block: where it stands, its language, and why it is not run, if it is not."""

    page: Path
    line: int
    language: str
    text: str
    reason: str

    def __str__(self) -> str:
        return f"{self.page.relative_to(ROOT)}:{self.line} ({self.language})"


def blocks(page: Path) -> list[Block]:
    """All fenced blocks of a page, in order."""
    text, found = page.read_text(), []
    for fence in FENCE.finditer(text):
        reason = NOT_RUN.search(text[: fence.start()])
        line = text.count("\n", 0, fence.start()) + 1
        why = reason[1] if reason else ""
        found.append(Block(page, line, fence[2], fence[3], why))
    return found


class Desk:
    """A warm Python (see docs_desk.py) and the commands, first on the PATH, that lead to it."""

    def __init__(self, folder: Path) -> None:
        self.socket, self.bin = folder / "desk", folder / "bin"
        self.bin.mkdir()
        client = f'exec "{sys.executable}" -S -E "{HERE / "docs_client.py"}"'
        self.command("python", f'{client} "$@"')
        self.command("blurkit", f'{client} -m blurkit "$@"')
        dask = f'"{sys.executable}" -m distributed.cli.dask_'
        more = '[ "$1" = worker ] && small="--nworkers 1 --no-dashboard" || small=--no-dashboard'
        dask += '$first "${@/8786/$DOCS_PORT}" $small'
        self.command("dask", f"{more}\nfirst=$1; shift\nexec {dask}")
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            port = free.getsockname()[1]
        self.environment = os.environ | {
            "DOCS_DESK": str(self.socket),
            "DOCS_PORT": str(port),
            "DOCS_PYTHON": str(self.bin / "python"),
            "MPLBACKEND": "agg",
            "OMP_NUM_THREADS": "1",
            "PATH": f"{self.bin}:{os.environ['PATH']}",
            "XDG_CACHE_HOME": str(folder / "cache"),
        }
        server = [sys.executable, HERE / "docs_desk.py", self.socket]
        self.server = subprocess.Popen(server, env=self.environment, cwd=folder)
        while not self.socket.exists():
            assert self.server.poll() is None, "the desk ended before it began"
            time.sleep(0.05)

    def command(self, name: str, script: str) -> None:
        (self.bin / name).write_text(f"#!/bin/bash\n{script}\n")
        (self.bin / name).chmod(0o755)

    def close(self) -> None:
        self.server.terminate()
        self.server.wait()

    def run(self, block: Block, folder: Path, package: Path = ROOT) -> str:
        """Run a block in a folder, and nothing that it began any longer; what it said."""
        log = folder.with_name(folder.name + ".log")
        script = folder.with_name(folder.name + ".py")
        script.write_text(block.text)
        program = {
            "sh": ["bash", "-euo", "pipefail", "-c", block.text],
            "python": ["python", str(script)],
            "diff": ["patch", "--strip=1", "--fuzz=0", f"--directory={package}"],
        }[block.language]
        with open(log, "w") as output:
            running = subprocess.Popen(
                program,
                stdin=subprocess.PIPE,
                stdout=output,
                stderr=subprocess.STDOUT,
                cwd=folder,
                env=self.environment | {"PYTHONPATH": str(package)},
                text=True,
                start_new_session=True,
            )
            try:
                running.communicate(block.text if block.language == "diff" else "", timeout=LONGEST)
            finally:
                with suppress(ProcessLookupError):  # what the block put into the background
                    os.killpg(running.pid, signal.SIGTERM)
        said = log.read_text()
        assert running.returncode == 0, f"{block} ended with {running.returncode}:\n{said[-3000:]}"
        return said


def shows_syntax(block: Block) -> None:
    """Check a block that is not run for syntax, as far as its language has one here."""
    if block.language == "sh":
        subprocess.run(["bash", "-n", "-c", block.text], check=True)
    elif block.language == "python":
        compile(block.text, str(block), "exec")


def outputs(block: Block) -> list[str]:
    """What the commands of a shell block say they write: the values of --out and --json."""
    words = r"--(?:out|json|npy|html) +'?([\w./-]+)"
    return re.findall(words, re.sub(r"(?<!\S)#.*", "", block.text))
