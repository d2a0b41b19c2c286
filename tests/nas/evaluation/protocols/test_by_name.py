import pytest

from blurkit.errors import SettingError
from nas.evaluation.protocols.by_name import PROTOCOLS, check_protocol


def test_a_protocol_is_one_that_there_is():
    with pytest.raises(SettingError, match=r"protocol must be one of plain, .*, got real$"):
        check_protocol("real", "found")
    with pytest.raises(SettingError, match="blur must be found, blur or blur_gamma, got gamma"):
        check_protocol("gopro", "gamma")
    for name in set(PROTOCOLS) - {"gopro"}:
        with pytest.raises(SettingError, match=f"not be given with protocol {name}, got blur$"):
            check_protocol(name, "blur")
