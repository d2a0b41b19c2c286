"""The processes that `torchrun` started for one run: they share each batch and stay alike.

Each holds the whole network and computes its share of every batch; the mean of their gradients is
the gradient of the whole batch, so the run is that of one process but for rounding.
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
_failed = False


@dataclass(frozen=True)
class Ranks:
    """This process among those of the run. Alone, every method returns at once what it was given.

    A method that talks to the others must be called by all of them, in the same order.

    Parameters
    ----------
    rank, count : int
        Which one this is, from 0, of how many.
    """

    rank: int = 0
    count: int = 1

    @property
    def first(self) -> bool:
        """Whether this is the one that writes files and talks."""
        return self.rank == 0

    @property
    def part(self) -> tuple[int, int]:
        """(rank, count), as `nas.data` takes it."""
        return self.rank, self.count

    @property
    def restarted(self) -> bool:
        """Whether torchrun has started the run again after a failure (`--max-restarts`)."""
        return int(os.environ.get("TORCHELASTIC_RESTART_COUNT", "0")) > 0

    def sum(self, x: Tensor) -> Tensor:
        """The sum over the ranks, bit for bit the same on all of them; differentiable."""
        return x if self.count == 1 else _Sum.apply(x)

    def mean(self, x: Tensor) -> Tensor:
        """The mean over the ranks; differentiable."""
        return x if self.count == 1 else self.sum(x) / self.count

    def all_gather(self, x: Tensor) -> Tensor:
        """(count, *shape): what each rank gave, which has one shape on all; differentiable."""
        nothing = torch.zeros_like(x)
        return self.sum(torch.stack([x if r == self.rank else nothing for r in range(self.count)]))

    def gather(self, x: Tensor) -> Tensor:
        """What all gave, one after the other along the first axis, whose length may differ."""
        if self.count == 1:
            return x
        lengths = self.all_gather(torch.tensor(len(x))).tolist()
        whole = x.new_zeros(sum(lengths), *x.shape[1:])
        start = sum(lengths[: self.rank])
        whole[start : start + len(x)] = x
        return self.sum(whole)

    def broadcast(self, value: bool) -> bool:
        """What the first rank gave."""
        return bool(self.all_gather(torch.tensor(int(value)))[0])

    def barrier(self) -> None:
        """Wait until all are here."""
        self.sum(torch.zeros(1))

    @torch.no_grad()
    def mean_gradients(self, parameters: Iterable[nn.Parameter]) -> None:
        """Put the mean over the ranks into each gradient that there is, in one exchange.

        The same parameters must have one on every rank, as they do when all take the same path.
        """
        if self.count == 1:
            return
        gradients = [p.grad for p in parameters if p.grad is not None]
        flat = _add_up(torch.cat([g.flatten() for g in gradients])).div_(self.count)
        parts = flat.split([g.numel() for g in gradients])
        for gradient, part in zip(gradients, parts, strict=True):
            gradient.copy_(part.view_as(gradient))

    def first_mismatch(self, *given: Tensor | str) -> int | None:
        """The lowest rank that gave other bytes than rank 0; None where all gave the same."""
        if self.count == 1:
            return None
        digest = hashlib.sha256()
        for one in given:
            if isinstance(one, Tensor):
                plain = one.detach().cpu().contiguous().flatten().view(torch.uint8)
                digest.update(plain.numpy().data)
            else:
                digest.update(one.encode())
        every = self.all_gather(torch.tensor(list(digest.digest())))
        odd = (every != every[0]).any(1).nonzero().flatten().tolist()
        return odd[0] if odd else None


def _add_up(x: Tensor) -> Tensor:
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
        return _add_up(x.detach().clone(memory_format=torch.contiguous_format))

    @staticmethod
    def backward(ctx: object, gradient: Tensor) -> Tensor:
        return _Sum.apply(gradient)


def current_ranks() -> Ranks:
    """This process among those that joined; alone where none did."""
    if not (dist.is_available() and dist.is_initialized()):
        return Ranks()
    return Ranks(dist.get_rank(), dist.get_world_size())


@contextmanager
def join_ranks() -> Iterator[Ranks]:
    """Join the processes that torchrun started, by its environment; alone, nothing happens.

    They stay joined until the process ends: a second call finds them so. Tensors of the CPU are
    exchanged by gloo, those of CUDA by NCCL.
    """
    if int(os.environ.get("WORLD_SIZE", "1")) > 1 and not dist.is_initialized():
        # imported later, by torch's optimisers, its default arguments would keep the group for
        # ever, and gloo's threads abort a process that ends while they live
        import torch.distributed.nn.functional

        on_cuda = torch.cuda.is_available()
        if on_cuda:
            torch.cuda.set_device(int(os.environ["LOCAL_RANK"]) % torch.cuda.device_count())
        dist.init_process_group("cpu:gloo,cuda:nccl" if on_cuda else "gloo")
        atexit.register(_leave)
    try:
        yield current_ranks()
    except BaseException:
        global _failed
        _failed = True
        raise


def _leave() -> None:
    if torch.cuda.is_available() and _failed:
        return  # NCCL might wait for a rank that waits for this one
    if dist.is_initialized():
        dist.destroy_process_group()


def launch(command: click.Command, name: str) -> None:
    """Run a command on every rank; the first one alone talks, and an error is told once.

    Parameters
    ----------
    command : click command
    name : str
        What its help and errors call it.

    Notes
    -----
    A rank that fails ends; torchrun then ends the others, which may be waiting for it, and its own
    exit code is 1 whatever theirs. The rank that failed first tells its error.
    """
    with join_ranks() as ranks:
        if ranks.count == 1:
            command(prog_name=name)  # exits
        with contextlib.ExitStack() as stack:
            if not ranks.first:
                nowhere = stack.enter_context(open(os.devnull, "w"))
                stack.enter_context(contextlib.redirect_stdout(nowhere))
            try:
                code = command.main(prog_name=name, standalone_mode=False)
            except click.ClickException as error:
                _tell(error.show)
                code = error.exit_code
            except Exception:
                _tell(traceback.print_exc)
                code = 1
        if code:
            sys.exit(code)


def _tell(show: Callable[[], None]) -> None:
    """Show an error if no other rank has failed before; else wait until that one has shown its.

    The first rank to end has torchrun end the others, so it must not be one that has yet to tell.
    """
    store = dist.distributed_c10d._get_default_store()
    try:
        if store.add("failed", 1) > 1:
            store.wait(["told"], timedelta(seconds=5))
            return
        show()
        store.set("told", "")
    except RuntimeError:  # the store ends with torchrun
        show()
