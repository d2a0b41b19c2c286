"""Which exit code and words an error ends in."""

import click
import pytest

from blurkit.errors import FileError, SettingError, exit_codes


@pytest.mark.parametrize(
    ("error", "code", "words"),
    [
        (SettingError("n must be >= 1, got 0"), 2, "n must be >= 1, got 0"),
        (FileError("a.h5: not an HDF5 file"), 1, "a.h5: not an HDF5 file"),
        (PermissionError(13, "Permission denied", "a.h5"), 1, "a.h5: Permission denied"),
        (OSError("no file known"), 1, "no file known"),
    ],
)
def test_errors_become_exit_codes(error, code, words):
    with pytest.raises(click.ClickException) as caught, exit_codes():
        raise error
    assert caught.value.exit_code == code
    assert caught.value.message == words


def test_a_mistake_of_ours_is_not_dressed_up():
    # a bug must keep its traceback
    with pytest.raises(ZeroDivisionError), exit_codes():
        1 / 0  # noqa: B018


def test_a_setting_error_is_a_value_error():
    # callers of the functions may catch the built-in one
    assert issubclass(SettingError, ValueError)
