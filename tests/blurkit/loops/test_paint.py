"""The wave of the textures."""

import numpy as np

from blurkit._loops import paint


def test_a_wave_rises_and_falls_once_in_a_period_and_has_no_jump():
    phases = np.arange(-(2**15), 2**15).astype(np.int16)
    wave = np.array([paint.wave(phase) for phase in phases[::16]], int)
    assert (wave.min(), wave.max()) == (-4096, 4095)
    assert np.abs(np.diff(np.append(wave, wave[0]))).max() <= 16
    assert (np.diff(np.sign(wave[wave != 0])) != 0).sum() == 1
    sine = 4096 * np.sin(2 * np.pi * phases[::16] / 65536)
    assert np.abs(wave - sine).max() < 0.06 * 4096
