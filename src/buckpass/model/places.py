"""Where a term can enter the model: each place is a coefficient of the crisis games, or of the host's choice (model §2)."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["PLACES", "Place"]

OFF = float("-inf")  # of a logarithmic level: the quantity is 0


@dataclass(frozen=True)
class Place:
    """One place: the field of `Coefficients` that a term there sets ("" for one that is read by name).

    off : the value without effect; takes_covariate : the term is a slope on a covariate; dims : the dims of its terms;
    is_price : the logarithm of something paid, of which the record tells the sum with other things paid; scaled_by : the place
    whose term multiplies this one's; acts_on : the place whose term has to be free too, else no value here changes anything.
    """

    field: str
    off: float = 0.0
    takes_covariate: bool = False
    dims: tuple[str, ...] = ()
    is_price: bool = False
    scaled_by: str | None = None
    acts_on: str | None = None


PLACES: dict[str, Place] = {
    "stake.level": Place("stake_level"),
    "stake.power": Place("stake_power", dims=("power",)),
    "stake.slope": Place("stake_slope", takes_covariate=True),
    "cost.level": Place("cost_level", is_price=True),
    "cost.power": Place("cost_power", dims=("power",)),
    "cost.slope": Place("cost_slope", takes_covariate=True),
    "backlash.level": Place("backlash_level", OFF, is_price=True),
    "backlash.slope": Place("backlash_slope", takes_covariate=True, acts_on="backlash.level"),
    "influence.level": Place("influence_level", OFF, is_price=True),
    "influence.slope": Place("influence_slope", takes_covariate=True, acts_on="influence.level"),
    "deployment": Place("deployment_slope", takes_covariate=True),
    "norm": Place("norm", dims=("power",)),
    "unasked": Place("unasked"),
    "rung": Place("rung_payoff", dims=("rung",)),
    "crisis": Place("crisis_spread"),
    "kappa.aligned": Place("kappa"),
    "kappa.rivals": Place("kappa_rivals"),
    "vehicle.power": Place("vehicle_price", dims=("power",)),
    "vehicle.organisation": Place("vehicle_price", dims=("vehicle",), scaled_by="vehicle.scale"),
    "vehicle.scale": Place("", 1.0, acts_on="vehicle.organisation"),
    "host.stake": Place(""),
    "host.severity": Place(""),
    "host.level": Place(""),
    "host.exclusion": Place(""),
    "host.price": Place("", dims=("body",)),
}
