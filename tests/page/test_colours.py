"""Colours of the powers: told apart by every common colour vision, and read as text on white."""

from itertools import combinations

import numpy as np
import pytest

from buckpass.case import bundled_cases, load_case
from buckpass.case.ladder import FEWEST_RUNGS, MOST_RUNGS
from buckpass.page.theme import LEAST_CONTRAST, VERDICT_COLOURS, ink_on, label_colours, power_colours, rung_colours

# Viénot, Brettel & Mollon (1999), Color Research & Application 24: what a dichromat sees, in linear RGB.
VISIONS = {
    "normal": np.eye(3),
    "protanopia": np.array([[0.11238, 0.88762, 0.0], [0.11238, 0.88762, 0.0], [0.00401, -0.00401, 1.0]]),
    "deuteranopia": np.array([[0.29275, 0.70725, 0.0], [0.29275, 0.70725, 0.0], [-0.02234, 0.02234, 1.0]]),
}
TO_XYZ = np.array(
    [[0.4124564, 0.3575761, 0.1804375], [0.2126729, 0.7151522, 0.0721750], [0.0193339, 0.1191920, 0.9503041]]
)
APART = 10.0  # CIE 1976 colour difference; 2.3 is just noticeable


def linear(colour: str) -> np.ndarray:
    channels = np.array([int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)])
    return np.where(channels <= 0.04045, channels / 12.92, ((channels + 0.055) / 1.055) ** 2.4)


def lab(colour: str, vision: np.ndarray) -> np.ndarray:
    xyz = TO_XYZ @ np.clip(vision @ linear(colour), 0, 1) / (TO_XYZ @ np.ones(3))
    f = np.where(xyz > (6 / 29) ** 3, np.cbrt(xyz), xyz / (3 * (6 / 29) ** 2) + 4 / 29)
    return np.array([116 * f[1] - 16, 500 * (f[0] - f[1]), 200 * (f[1] - f[2])])


def contrast(a: str, b: str) -> float:
    one, other = sorted((TO_XYZ[1] @ linear(c) for c in (a, b)), reverse=True)
    return (one + 0.05) / (other + 0.05)


@pytest.mark.parametrize("vision", VISIONS)
@pytest.mark.parametrize("name", bundled_cases())
def test_powers_are_told_apart(name, vision):
    colours = power_colours(load_case(name))
    for a, b in combinations(colours, 2):
        distance = np.linalg.norm(lab(colours[a], VISIONS[vision]) - lab(colours[b], VISIONS[vision]))
        assert distance > APART, f"{a} and {b} look alike in {vision}"


@pytest.mark.parametrize("name", bundled_cases())
def test_names_of_powers_are_read_on_white(name):
    assert all(contrast(colour, "#ffffff") >= LEAST_CONTRAST for colour in label_colours(load_case(name)).values())


def test_text_is_read_on_rungs_and_verdicts():
    ladders = [rung_colours(count) for count in range(FEWEST_RUNGS, MOST_RUNGS + 1)]
    assert all(contrast(ink_on(colour), colour) >= LEAST_CONTRAST for ladder in ladders for colour in ladder)
    assert all(contrast("#ffffff", colour) >= LEAST_CONTRAST for colour in VERDICT_COLOURS.values())


@pytest.mark.parametrize("count", range(FEWEST_RUNGS, MOST_RUNGS + 1))
def test_rungs_grow_darker(count):
    shades = [float(TO_XYZ[1] @ linear(colour)) for colour in rung_colours(count)]
    assert shades == sorted(set(shades), reverse=True)
    assert len(shades) == count
