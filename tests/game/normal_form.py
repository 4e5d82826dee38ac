"""A crisis game written out in full: the payoff of every power at every profile, and the file that Gambit reads.

Nothing of the solver's reduction to residuals is used, so the table is an independent check of it.
"""

from __future__ import annotations

from dataclasses import dataclass, fields

import numpy as np

from buckpass.game.crises import Crises, CrisisNames


@dataclass(frozen=True)
class NormalForm:
    """Payoff table of one crisis; `payoffs[i]` has one axis per power, over the options open to it."""

    payoffs: np.ndarray  # power, then one axis per power
    open_options: tuple[tuple[int, ...], ...]  # position in the crisis's options of each row of the table


def normal_form(crises: Crises, crisis: int = 0) -> NormalForm:
    """Payoffs λ U_i(a) of one crisis at every profile of open options, straight from the definition of model §2."""
    one = {f.name: np.asarray(getattr(crises, f.name))[crisis] for f in fields(crises) if f.name != "rungs"}
    open_options = tuple(tuple(np.flatnonzero(row).tolist()) for row in one["is_open"])
    shape = tuple(len(o) for o in open_options)
    effort = [one["delivery"][j] * one["effort_at"][j, list(o)] / one["severity"] for j, o in enumerate(open_options)]
    payoffs = np.stack([_table(one, i, effort, open_options[i], shape) for i in range(len(shape))])
    return NormalForm(payoffs, open_options)


def _table(one: dict[str, np.ndarray], i: int, effort: list[np.ndarray], options: tuple[int, ...], shape) -> np.ndarray:
    """λ U_i over all profiles: V [1 - exp(-Σ_j α_ij q_j e(a_j) / s)] plus what its own option brings and costs."""
    done = np.zeros(shape)
    for j, row in enumerate(effort):
        done = done + one["alignment"][i, j] * _along(row, j, len(shape))
    own = (
        one["influence"][i] * one["influence_at"][i]
        - one["cost"][i] * one["cost_at"][i]
        - one["backlash"][i] * one["presence_at"][i]
        - one["norm"][i] * one["deploys_at"][i]
        - one["barrier"][i] * one["barred_at"][i]
    )[list(options)]
    return one["rationality"] * (one["stake"][i] * (1.0 - np.exp(-done)) + _along(own, i, len(shape)))


def _along(values: np.ndarray, axis: int, axes: int) -> np.ndarray:
    return values.reshape([-1 if k == axis else 1 for k in range(axes)])


def as_nfg(table: NormalForm, names: CrisisNames | None = None, title: str = "crisis game") -> str:
    """The game in Gambit's strategic-form text (.nfg, outcome-free payoff version), first power's option fastest."""
    count = len(table.open_options)
    powers = names.powers if names else tuple(f"power {i + 1}" for i in range(count))
    labels = [[names.options[a] if names else str(a) for a in options] for options in table.open_options]
    players = " ".join(f'"{name}"' for name in powers)
    options = "\n".join("{ " + " ".join(f'"{label}"' for label in row) + " }" for row in labels)
    cells = np.stack([payoff.ravel(order="F") for payoff in table.payoffs])
    body = "\n".join(" ".join(repr(float(x)) for x in column) for column in cells.T)
    return f'NFG 1 R "{title}" {{ {players} }}\n\n{{ {options} }}\n""\n\n{body}\n'
