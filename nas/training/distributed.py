"""The processes that `torchrun` starts for one run: they share each batch and stay identical.

Each rank holds the whole network and computes its share of every batch. The mean of their gradients
is the gradient of the whole batch, so the result is that of one process up to rounding.
"""

import atexit
import contextlib
import hashlib
import os
import sys
import traceback
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta

import click
import torch
import torch.distributed as dist
from torch import Tensor, nn

from blurkit.errors import FileError

_parent = os.getppid()  # torchrun, if it started this process


@dataclass(frozen=True)
class Ranks:
    """This process among those of the run. In a single process, every method is the identity.

    Methods that communicate must be called on all ranks, in the same order.

    Parameters
    ----------
    rank, count : int
        Number of this process, from 0, and number of processes.
    """

    rank: int = 0
    count: int = 1

    @property
    def first(self) -> bool:
        """Whether this is rank 0, which alone writes files and prints."""
        return self.rank == 0

    @property
    def part(self) -> tuple[int, int]:
        """(rank, count), as `nas.data` takes it."""
        return self.rank, self.count

    @property
    def restarted(self) -> bool:
        """Whether torchrun restarted the run after a failure (`--max-restarts`)."""
        return int(os.environ.get("TORCHELASTIC_RESTART_COUNT", "0")) > 0

    def sum(self, x: Tensor) -> Tensor:
        """The sum over the ranks, bit-identical on all of them; differentiable."""
        return x if self.count == 1 else _Sum.apply(x)

    def mean(self, x: Tensor) -> Tensor:
        """The mean over the ranks; differentiable."""
        return x if self.count == 1 else self.sum(x) / self.count

    def all_gather(self, x: Tensor) -> Tensor:
        """(count, *shape): the tensors of all ranks, of equal shapes; differentiable."""
        zeros = torch.zeros_like(x)
        return self.sum(torch.stack([x if r == self.rank else zeros for r in range(self.count)]))

    def gather(self, x: Tensor) -> Tensor:
        """The tensors of all ranks concatenated along the first axis, whose length may differ."""
        if self.count == 1:
            return x
        lengths = self.all_gather(torch.tensor(len(x))).tolist()
        whole = x.new_zeros(sum(lengths), *x.shape[1:])
        start = sum(lengths[: self.rank])
        whole[start : start + len(x)] = x
        return self.sum(whole)

    def broadcast(self, value: bool) -> bool:
        """The value of rank 0."""
        return bool(self.all_gather(torch.tensor(int(value)))[0])

    def barrier(self) -> None:
        """Wait until all ranks have reached this call."""
        self.sum(torch.zeros(1))

    @torch.no_grad()
    def mean_gradients(self, parameters: Iterable[nn.Parameter]) -> None:
        """Replace each gradient by its mean over the ranks, in one exchange.

        Parameters without a gradient are skipped; they must be the same on all ranks.
        """
        if self.count == 1:
            return
        gradients = [p.grad for p in parameters if p.grad is not None]
        flat = _all_reduce(torch.cat([g.flatten() for g in gradients])).div_(self.count)
        parts = flat.split([g.numel() for g in gradients])
        for gradient, part in zip(gradients, parts, strict=True):
            gradient.copy_(part.view_as(gradient))

    def first_mismatch(self, *values: Tensor | str) -> int | None:
        """The lowest rank whose values differ from those of rank 0 in any byte, or None."""
        if self.count == 1:
            return None
        digest = hashlib.sha256()
        for value in values:
            if isinstance(value, Tensor):
                plain = value.detach().cpu().contiguous().flatten().view(torch.uint8)
                digest.update(plain.numpy().data)
            else:
                digest.update(value.encode())
        digests = self.all_gather(torch.tensor(list(digest.digest())))
        mismatches = (digests != digests[0]).any(1).nonzero().flatten().tolist()
        return mismatches[0] if mismatches else None


ALONE = Ranks()


def _all_reduce(x: Tensor) -> Tensor:
    """Sum a contiguous tensor over the ranks, in place."""
    if os.getppid() != _parent:
        raise FileError("torchrun has ended; rerun the command to resume from the last saved state")
    try:
        dist.all_reduce(x)
    except RuntimeError as error:
        raise FileError(
            "another process of this run has ended; "
            "rerun the command to resume from the last saved state"
        ) from error
    return x


class _Sum(torch.autograd.Function):
    """The sum over the ranks. Each rank's loss depends on it, so gradients are summed too."""

    @staticmethod
    def forward(ctx: object, x: Tensor) -> Tensor:
        return _all_reduce(x.detach().clone(memory_format=torch.contiguous_format))

    @staticmethod
    def backward(ctx: object, gradient: Tensor) -> Tensor:
        return _Sum.apply(gradient)


def current_ranks() -> Ranks:
    """This process among those that have joined; alone if none has."""
    if not (dist.is_available() and dist.is_initialized()):
        return ALONE
    return Ranks(dist.get_rank(), dist.get_world_size())


@contextmanager
def join_ranks() -> Iterator[Ranks]:
    """Join the processes that torchrun started; does nothing in a single process.

    They stay joined until the process exits. Tensors on the CPU are exchanged by gloo, those on
    CUDA by NCCL.
    """
    if int(os.environ.get("WORLD_SIZE", "1")) > 1 and not dist.is_initialized():
        # if torch's optimisers imported this later, its default arguments would keep the group
        # alive, and gloo's threads abort a process that exits while they run
        from torch.distributed.nn import functional  # noqa: F401

        on_cuda = torch.cuda.is_available()
        if on_cuda:
            torch.cuda.set_device(int(os.environ["LOCAL_RANK"]) % torch.cuda.device_count())
        dist.init_process_group("cpu:gloo,cuda:nccl" if on_cuda else "gloo")
        atexit.register(_leave)
    try:
        yield current_ranks()
    except BaseException:
        if torch.cuda.is_available():
            atexit.unregister(_leave)  # NCCL might wait for a rank that waits for this one
        raise


def _leave() -> None:
    if dist.is_initialized():
        dist.destroy_process_group()


def launch(command: click.Command, name: str) -> None:
    """Run a command on every rank; only rank 0 prints, and an error is shown once.

    Parameters
    ----------
    command : click command
    name : str
        What help and errors call it.

    Notes
    -----
    When a rank fails and exits, torchrun stops the others, which may be waiting for it, and exits
    with code 1 whatever the ranks' codes were. The rank that failed first shows its error.
    """
    with join_ranks() as ranks:
        if ranks.count == 1:
            command(prog_name=name)  # exits
        with contextlib.ExitStack() as stack:
            if not ranks.first:
                devnull = stack.enter_context(open(os.devnull, "w"))
                stack.enter_context(contextlib.redirect_stdout(devnull))
            try:
                code = command.main(prog_name=name, standalone_mode=False)
            except click.ClickException as error:
                _show_once(error.show)
                code = error.exit_code
            except Exception:
                _show_once(traceback.print_exc)
                code = 1
        if code:
            sys.exit(code)


def _show_once(show: Callable[[], None]) -> None:
    """Show an error, or wait until a rank that failed earlier has shown its own.

    torchrun stops all ranks as soon as one exits, so no rank may exit before the error is shown.
    """
    store = dist.distributed_c10d._get_default_store()
    try:
        if store.add("failed", 1) > 1:
            store.wait(["shown"], timedelta(seconds=5))
            return
        show()
        store.set("shown", "")
    except RuntimeError:  # the store ends with torchrun
        show()
