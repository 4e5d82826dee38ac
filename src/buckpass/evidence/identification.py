"""What a posterior says of its own mechanisms: which of them the record cannot move apart."""

from __future__ import annotations

import numpy as np

from buckpass.fitting.posterior import Posterior

__all__ = ["CORRELATED", "correlated_pairs"]

CORRELATED = 0.7


def correlated_pairs(posterior: Posterior) -> list[tuple[str, str, float]]:
    """Pairs of scalar parameters with |posterior correlation| above 0.7, strongest first."""
    columns, names = [], []
    for name, draws in posterior.flat().items():
        flat = draws.reshape(len(draws), -1)
        for k in range(flat.shape[1]):
            columns.append(flat[:, k])
            names.append(_in_words(name, _label(posterior, name, k) if flat.shape[1] > 1 else ""))
    table = np.array(columns)
    moving = table.std(axis=1) > 0
    r = np.corrcoef(table[moving])
    kept = [n for n, keep in zip(names, moving, strict=True) if keep]
    pairs = [
        (kept[i], kept[j], float(r[i, j])) for i in range(len(kept)) for j in range(i) if abs(r[i, j]) > CORRELATED
    ]
    return sorted(pairs, key=lambda p: -abs(p[2]))


def _in_words(term: str, of: str) -> str:
    """A parameter's name as a reader says it.

    >>> _in_words("stake.power", "A"), _in_words("backlash.domestic", ""), _in_words("kappa", "")
    ('own stake of A', 'effect of domestic on backlash', 'kappa')
    """
    quantity, _, part = term.partition(".")
    if part == "power":
        return f"own {quantity} of {of}"
    if part == "level":
        return f"general level of {quantity}"
    if part == "steps":
        return f"{quantity} of rung {of}"
    said = f"effect of {part.replace('_', ' ')} on {quantity}" if part else quantity
    return f"{said} ({of})" if of else said


def _label(posterior: Posterior, name: str, position: int) -> str:
    """What the position of a flattened parameter is called, by its coordinates."""
    labels = posterior.labels(name).values()
    index = np.unravel_index(position, [len(of) for of in labels])
    return ", ".join(str(of[i]) for of, i in zip(labels, index, strict=True))
