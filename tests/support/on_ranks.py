"""What the tests of torchrun run on each of two ranks: `torchrun ... on_ranks.py PART DATA OUT`.

Checks that need the other rank stand here; what is compared with one process is written to OUT.
"""

import atexit
import dataclasses
import os
import signal
import sys
from itertools import count
from pathlib import Path

import click
import pytest
import torch
from making_search import Silent, changed, counted, hasten, searcher_on
from torch import nn

from blurkit.errors import FileError, exit_codes
from nas.retrain import RetrainSettings, Trainer, retrain
from nas.search import search
from nas.space.genotype import Genotype
from nas.training import trainer
from nas.training.batch_norm import share_statistics
from nas.training.distributed import current_ranks, join_ranks, launch
from nas.training.run import Run

SEARCH = changed(batch=4)
SETTINGS = RetrainSettings(width=2, crop=16, batch=4, steps=6, every=2)
ARCHS = {"unet": "unet", "searched": Genotype.sample(1).to_dict()}


def first_step(arch, data):
    """(loss, gradients as the optimiser sees them) of the first training step."""
    trainer = Trainer(arch, data, SETTINGS, torch.device("cpu"), current_ranks())
    for optimiser in trainer.optimisers.values():
        optimiser.step = lambda: None
    loss = trainer.run(0, 1, Silent())
    gradients = {name: p.grad for name, p in trainer.net.named_parameters()}
    return loss, {name: g for name, g in gradients.items() if g is not None}


def first_alpha_step(order, data):
    """[(27, 8), (4, 3)]: the first gradient for the alphas, weights stirred."""
    settings = dataclasses.replace(SEARCH, order=order)
    searcher = searcher_on(data, settings, counted(settings.width))
    make = torch.Generator().manual_seed(0)
    with torch.no_grad():
        for p in searcher.net.weights():
            p.add_(0.05 * torch.randn(p.shape, generator=make))
    batch = searcher.alpha_batches[0], searcher.weight_batches[0]
    return list(searcher.alpha_gradient(*batch, step=4))


def exchanges():
    """Sums, means and gathered rows are those of both, gradients included."""
    ranks = current_ranks()
    assert (ranks.count, ranks.first) == (2, ranks.rank == 0)
    x = torch.tensor([1.0, 10.0]) * (ranks.rank + 1)
    assert ranks.sum(x).tolist() == [3, 30]
    assert ranks.mean(x).tolist() == [1.5, 15]
    assert x.tolist()[0] == ranks.rank + 1  # as it was
    assert ranks.all_gather(x).tolist() == [[1, 10], [2, 20]]
    rows = torch.arange(6.0).reshape(3, 2)
    own = rows[:2] if ranks.first else rows[2:]
    assert torch.equal(ranks.gather(own), rows)
    assert torch.equal(ranks.gather(rows if ranks.first else rows[:0]), rows)
    assert ranks.broadcast(ranks.first)
    assert not ranks.broadcast(not ranks.first)
    assert ranks.first_mismatch(rows, "a") is None
    assert ranks.first_mismatch(rows, str(ranks.rank)) == 1
    assert ranks.first_mismatch(own.sum()) == 1
    with_gradient, without = nn.Parameter(x.clone()), nn.Parameter(x.clone())
    with_gradient.grad = x
    ranks.mean_gradients([without, with_gradient])
    assert with_gradient.grad.tolist() == [1.5, 15]
    assert without.grad is None
    y = x.clone().requires_grad_()
    # the loss of rank r is (r + 1) * sum((y0 + y1)^2): its gradient to y is summed over ranks
    ((ranks.rank + 1) * ranks.sum(y).square().sum()).backward()
    assert y.grad.tolist() == [3 * 2 * 3, 3 * 2 * 30]


def batch_norm():
    """Each half of a batch leaves BatchNorm as in the whole batch, and its gradients too."""
    ranks, make = current_ranks(), torch.Generator().manual_seed(0)
    x, times = (torch.randn(4, 3, 5, 7, generator=make) for _ in range(2))
    x = x * torch.tensor([0.1, 1, 10])[:, None, None] + torch.tensor([100, 0, -1])[:, None, None]
    plain, shared = (nn.Sequential(nn.BatchNorm2d(3)) for _ in range(2))
    share_statistics(shared, ranks)
    assert type(shared[0]) is not nn.BatchNorm2d
    assert list(shared.state_dict()) == list(plain.state_dict())
    own = slice(0, 2) if ranks.first else slice(2, 4)
    whole, half = x.clone().requires_grad_(), x[own].clone().requires_grad_()
    for _ in range(2):
        expected, got = plain(whole), shared(half)
        torch.testing.assert_close(got, expected[own], rtol=1e-4, atol=1e-4)
    (expected * times).sum().backward()
    (got * times[own]).sum().backward()
    torch.testing.assert_close(half.grad, whole.grad[own], rtol=1e-3, atol=1e-4)
    for (name, p), q in zip(shared.named_parameters(), plain.parameters(), strict=True):
        torch.testing.assert_close(ranks.sum(p.grad), q.grad, rtol=1e-4, atol=1e-3, msg=name)
    for name, kept in plain.state_dict().items():
        torch.testing.assert_close(shared.state_dict()[name], kept, rtol=1e-5, atol=1e-5)
    torch.testing.assert_close(shared.eval()(half), plain.eval()(whole)[own])


def killed(data, out):
    """The second rank is killed after four steps, while the first one waits for it."""
    whole = Trainer.run

    def run(self, begin, stop, progress):
        if begin == 4:
            current_ranks().barrier()  # the first one has saved
            if not current_ranks().first:
                os.kill(os.getpid(), signal.SIGKILL)
        return whole(self, begin, stop, progress)

    Trainer.run = run
    retrain(ARCHS["searched"], data, out / "killed", SETTINGS, progress=False)


def threads():
    """The names of this process's threads, torch's and gloo's own included."""
    return [path.read_text().strip() for path in Path("/proc/self/task").glob("*/comm")]


def told(work, path):
    try:
        work()
    except FileError as error:
        path.with_name(f"{path.name}-{current_ranks().rank}").write_text(str(error))


def not_finite(data, out):
    """From the third step the second rank's loss is not a number."""
    loss, steps = trainer.psnr_loss, count()

    def diverge(*images):
        bad = next(steps) >= 2 and not current_ranks().first
        return loss(*images) * (float("nan") if bad else 1)

    trainer.psnr_loss = diverge
    told(lambda: retrain("unet", data, out / "nan", SETTINGS, progress=False), out / "nan-told")
    trainer.psnr_loss = loss


def apart(data, out):
    """After two steps the second rank's weights are others."""
    whole = Run.save

    def save(self, model, optimisers, epoch):
        if epoch["step"] == 4 and not current_ranks().first:
            model.leave.bias.data[0] += 1e-6
        whole(self, model, optimisers, epoch)

    Run.save = save
    told(lambda: retrain("unet", data, out / "apart", SETTINGS, progress=False), out / "apart-told")
    Run.save = whole


@click.command()
def fail():
    """The second rank fails while the first one waits for it."""
    with exit_codes():
        if not current_ranks().first:
            raise FileError("photo.jpg: the second rank cannot read it")
        current_ranks().barrier()


def main(part: str, data: str, out: Path) -> None:
    atexit.register(lambda: (out / f"threads-{os.environ['RANK']}").write_text(str(threads())))
    with join_ranks() as ranks:
        torch.set_num_threads(1)
        if part == "laws":
            exchanges()
            batch_norm()
            for name, arch in ARCHS.items():
                torch.save(first_step(arch, data), out / f"{name}-{ranks.rank}.pt")
            retrain("unet", data, out / "unet", SETTINGS, progress=False)
            for order in (1, 2):
                found = first_alpha_step(order, data)
                torch.save(found, out / f"alphas-{order}-{ranks.rank}.pt")
            hasten(pytest.MonkeyPatch())
            search(data, out / "search", SEARCH, progress=False)
            (out / f"laws-{ranks.rank}").touch()
            killed(data, out)
        else:
            not_finite(data, out)
            apart(data, out)
            sys.argv[1:] = []
            launch(fail, "fail")


if __name__ == "__main__":
    main(*sys.argv[1:3], Path(sys.argv[3]))
