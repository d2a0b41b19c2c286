"""Trials as subprocesses over a shared folder, with stand-ins for the real commands."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from blurkit.errors import FileError
from nas.comparison.plan import Trial
from nas.comparison.process import TrialProcess, try_lock
from nas.comparison.runner import Runner

# leaves a line at each start, and a result at the end
WORK = """
import pathlib, sys, time
folder, seconds, code = pathlib.Path(sys.argv[1]), float(sys.argv[2]), int(sys.argv[3])
with open(folder / "starts", "a") as file:
    file.write("start\\n")
time.sleep(seconds)
print("last words of", folder.name)
(folder / "result").write_text("7")
sys.exit(code)
"""


def trial(name, *needs):
    return Trial(name, "row", "train", name, "unet", 0, 10, 100, needs)


def make_runner(root, trials, slots=2, seconds=0.0, fail=(), **options):
    def commands(trial, device):
        code = "3" if trial.name in fail else "0"
        folder = str(root / "trials" / trial.name)
        return [[sys.executable, "-c", WORK, folder, str(seconds), code]]

    def record(trial, spent):
        path = root / "trials" / trial.name / "result"
        if not path.exists():
            raise FileError(f"{path}: missing")
        return {"name": trial.name, "value": int(path.read_text()), **spent}

    return Runner(root, trials, ["cpu"] * slots, commands, record, progress=False, **options)


def starts(root, name):
    path = root / "trials" / name / "starts"
    return len(path.read_text().splitlines()) if path.exists() else 0


def test_every_trial_is_done_once_and_what_it_needs_before(tmp_path):
    order, trials = [], [trial("a"), trial("b", "a", "c"), trial("c")]
    runner = make_runner(tmp_path, trials)
    record = runner._record
    runner._record = lambda t, spent: (order.append(t.name), record(t, spent))[1]
    runner.run()
    assert runner.done == {"a", "b", "c"}
    assert not runner.failed
    assert order[-1] == "b"
    for name in "abc":
        done = json.loads((tmp_path / "trials" / name / "trial.json").read_text())
        assert done["value"] == 7
        assert done["core_seconds"] > 0
        assert done["seconds"] > 0


def test_a_second_run_skips_what_is_done(tmp_path):
    make_runner(tmp_path, [trial("a")]).run()
    make_runner(tmp_path, [trial("a"), trial("b")]).run()
    assert (starts(tmp_path, "a"), starts(tmp_path, "b")) == (1, 1)


def test_a_failing_trial_is_told_and_the_others_go_on(tmp_path, caplog):
    trials = [trial("bad"), trial("lost", "bad"), trial("late", "lost"), trial("good")]
    runner = make_runner(tmp_path, trials, slots=1, fail=["bad"])
    runner.run()
    assert (runner.failed, runner.done, runner.remaining) == ({"bad"}, {"good"}, [])
    assert "bad failed: exit code 3" in caplog.text
    assert "last words of bad" in caplog.text
    assert starts(tmp_path, "lost") == 0
    again = make_runner(tmp_path, trials)  # the next call tries it again, and what needs it
    again.run()
    assert (again.failed, len(again.done)) == (set(), 4)


def test_a_trial_without_its_result_has_failed(tmp_path, caplog):
    runner = make_runner(tmp_path, [trial("a")])
    runner._commands = lambda trial, device: [[sys.executable, "-c", "print('nothing')"]]
    runner.run()
    assert runner.failed == {"a"}
    assert "result: missing" in caplog.text


def test_commands_run_one_after_the_other_and_the_first_is_on_the_account(tmp_path):
    runner = make_runner(tmp_path, [trial("a")])
    only = runner._commands
    runner._commands = lambda trial, device: [*only(trial, device)] * 2
    runner.run()
    assert starts(tmp_path, "a") == 2
    account = json.loads((tmp_path / "trials/a/spent.json").read_text())
    assert account.keys() == {"0", "1"}
    done = json.loads((tmp_path / "trials/a/trial.json").read_text())
    assert done["seconds"] == account["0"]["seconds"]


def test_what_has_ended_is_neither_interrupted_nor_counted_again(tmp_path):
    """Ctrl-C may come between a command's end and the record of it."""
    command = [sys.executable, "-c", "raise SystemExit(3)"]
    work = TrialProcess(tmp_path, try_lock(tmp_path / "lock"), [command], dict(os.environ))
    while work.poll() is None:
        time.sleep(0.02)
    spent = work.spent
    work.interrupt()
    work.end(time.monotonic())
    assert (work.poll(), work.spent, work.lock.closed) == (3, spent, True)


def script(root, names, seconds, **options):
    """A process that runs a crew of its own over the same folder."""
    code = (
        "import sys; from pathlib import Path; sys.path.insert(0, sys.argv[1])\n"
        f"import {Path(__file__).stem} as t\n"
        f"runner = t.make_runner(Path({str(root)!r}), [t.trial(n) for n in {names!r}], slots=1, "
        f"seconds={seconds}, **{options!r})\n"
        "runner.run()\n"
        "print('done', len(runner.done), 'left', len(runner.remaining))"
    )
    command = [sys.executable, "-c", code, str(Path(__file__).parent)]
    return subprocess.Popen(command, stdout=subprocess.PIPE, text=True)


@pytest.mark.slow
def test_two_processes_share_a_folder_and_do_each_trial_once(tmp_path):
    names = [f"t{i}" for i in range(8)]
    two = [script(tmp_path, names, 0.3) for _ in range(2)]
    outputs = [process.communicate(timeout=120)[0] for process in two]
    assert [process.returncode for process in two] == [0, 0]
    assert outputs == ["done 8 left 0\n"] * 2
    assert [starts(tmp_path, name) for name in names] == [1] * 8


def wait_for(path, seconds=60):
    until = time.monotonic() + seconds
    while not path.exists():
        assert time.monotonic() < until, f"{path} never came"
        time.sleep(0.02)


@pytest.mark.slow
def test_who_does_not_wait_leaves_what_others_hold(tmp_path):
    other = script(tmp_path, ["a"], 60)
    try:
        wait_for(tmp_path / "trials/a/starts")
        runner = make_runner(tmp_path, [trial("a"), trial("b")], wait=False)
        runner.run()
        assert runner.done == {"b"}
        assert [t.name for t in runner.remaining] == ["a"]
    finally:
        other.send_signal(signal.SIGINT)
        other.communicate(timeout=60)
    assert starts(tmp_path, "a") == 1


@pytest.mark.slow
@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGKILL])
def test_a_stopped_process_leaves_its_trial_to_the_next(tmp_path, how):
    """Killed, its subprocess lives on and holds the lock: nobody starts a second in one folder."""
    other = script(tmp_path, ["a"], 2)
    wait_for(tmp_path / "trials/a/starts")
    other.send_signal(how)
    other.communicate(timeout=60)
    runner = make_runner(tmp_path, [trial("a")])
    runner.run()
    assert runner.done == {"a"}
    assert starts(tmp_path, "a") == 2
    finished = (tmp_path / "trials/a/trial.log").read_text().count("\nlast words of a\n")
    assert finished == (2 if how == signal.SIGKILL else 1)


def test_trials_get_the_environment_they_are_given(tmp_path):
    runner = make_runner(tmp_path, [trial("a")], environment={"OMP_NUM_THREADS": "3"})
    say = "import os; print('threads', os.environ['OMP_NUM_THREADS'])"
    runner._commands = lambda trial, device: [[sys.executable, "-c", say]]
    runner._record = lambda trial, spent: {}
    runner.run()
    assert "threads 3" in (tmp_path / "trials/a/trial.log").read_text()
    assert os.environ.get("OMP_NUM_THREADS") != "3"
