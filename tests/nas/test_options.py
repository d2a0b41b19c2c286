"""Options made from a settings dataclass: types, defaults, what is refused."""

from dataclasses import dataclass
from typing import Literal

import click
import pytest
import torch
from click.testing import CliRunner

from blurkit.errors import SettingError, exit_codes
from nas.options import check, for_device, options, setting
from nas.strategy.settings import SearchSettings


@dataclass(frozen=True)
class Settings:
    pair: tuple[int, int] = setting((1, 2), "two numbers")
    order: Literal[1, 2] = setting(1, "a number of some")
    way: Literal["up", "down"] = setting("up", "a word of some")
    size: int = setting(3, "a bounded number", cuda=7, least=1, most=9)

    def __post_init__(self):
        check(self)


def given(*arguments, kind=Settings, device="cpu"):
    """(exit code, settings or message)."""
    found = []

    @click.command()
    @options(kind)
    def command(**values):
        with exit_codes():
            found.append(for_device(kind, torch.device(device), values))

    result = CliRunner().invoke(command, list(map(str, arguments)))
    return result.exit_code, found[0] if found else result.output


def test_nothing_given_is_the_default_of_the_device():
    assert given() == (0, Settings())
    assert given(device="cuda") == (0, Settings(size=7))
    assert given("--size", 3, device="cuda") == (0, Settings(size=3))


def test_what_is_given_has_the_fields_types():
    assert given("--pair", 4, 5, "--order", 2, "--way", "down") == (
        *(0, Settings((4, 5), 2, "down")),
    )
    assert type(given("--order", 2)[1].order) is int  # "2" would be another order than 2


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("--pair", 4), "requires 2 arguments"),
        (("--pair", 4, "x"), "'x' is not a valid integer"),
        (("--order", 3), "'3' is not one of '1', '2'"),
        (("--way", "left"), "'left' is not one of 'up', 'down'"),
        (("--size", 0), "size must be >= 1, got 0"),
        (("--size", 10), "size must be <= 9, got 10"),
    ],
)
def test_what_does_not_fit_is_refused(arguments, message):
    code, output = given(*arguments)
    assert (code, message in output) == (2, True), output


def test_the_help_shows_defaults_as_they_are_typed():
    words = " ".join(given("--help")[1].split())
    assert "Two numbers. [default: 1 2]" in words
    assert "A bounded number. [default: 3; 7 on CUDA]" in words


def test_widths_of_the_search_are_five_numbers():
    code, settings = given("--widths", 1, 1, 2, 3, 4, kind=SearchSettings)
    assert (code, settings.widths) == (0, (1, 1, 2, 3, 4))
    for arguments, message in (
        ((1, 2, 4, 8), "requires 5 arguments"),
        ((1, 2, 4, 8, 65), "widths must be 5 whole numbers in 1 .. 64, got (1, 2, 4, 8, 65)"),
    ):
        code, output = given("--widths", *arguments, kind=SearchSettings)
        assert (code, message in output) == (2, True), output


def test_alphas_that_are_never_trained_have_no_argmax():
    for how in ("perturb", "sample"):
        SearchSettings(epochs=4, warmup=4, discretise=how)
    with pytest.raises(SettingError, match=r"^warmup must be < epochs \(4\), got 4: untrained al"):
        SearchSettings(epochs=4, warmup=4, discretise="argmax")
    with pytest.raises(SettingError, match=r"^warmup must be <= epochs \(4\), got 5$"):
        SearchSettings(epochs=4, warmup=5, discretise="perturb")


def test_the_macs_go_before_the_time():
    assert SearchSettings().target == SearchSettings(latency_target=1.0).target == 1
    assert SearchSettings(latency_target=2.0, macs_target=1.5).target == 1.5
    assert SearchSettings(latency_target=0.0).target == 0
