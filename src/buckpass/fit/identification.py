"""What a posterior says of its own mechanisms: which of them the record cannot move apart."""

from __future__ import annotations

import numpy as np

from buckpass.fit.posterior import Posterior

__all__ = ["CORRELATED", "correlated_pairs"]

CORRELATED = 0.7


def correlated_pairs(posterior: Posterior, limit: float = CORRELATED) -> list[tuple[str, str, float]]:
    """Pairs of scalar parameters with |posterior correlation| above the limit, strongest first."""
    columns, names = [], []
    for name, draws in posterior.flat().items():
        flat = draws.reshape(len(draws), -1)
        for k in range(flat.shape[1]):
            columns.append(flat[:, k])
            names.append(name if flat.shape[1] == 1 else f"{name}[{_label(posterior, name, k)}]")
    table = np.array(columns)
    moving = table.std(axis=1) > 0
    r = np.corrcoef(table[moving])
    kept = [n for n, keep in zip(names, moving, strict=True) if keep]
    pairs = [(kept[i], kept[j], float(r[i, j])) for i in range(len(kept)) for j in range(i) if abs(r[i, j]) > limit]
    return sorted(pairs, key=lambda p: -abs(p[2]))


def _label(posterior: Posterior, name: str, position: int) -> str:
    """What the position of a flattened parameter is called, by its coordinates."""
    array = posterior.draws[name]
    dims = array.dims[2:]
    index = np.unravel_index(position, array.shape[2:])
    return ", ".join(str(array[d].values[i]) for d, i in zip(dims, index, strict=True))
