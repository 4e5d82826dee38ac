"""A what-if's changes, put into a crisis game: inputs of the case, payoffs of powers, actions held (model §3)."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Callable, Sequence

import equinox as eqx
import jax.numpy as jnp
import polars as pl

from buckpass.case import Case
from buckpass.case.overrides import BadOverride, Override, parse_overrides
from buckpass.case.schema import Alignment, Member, Organisation
from buckpass.game import covariates
from buckpass.game.crises import Crises
from buckpass.game.overrides import absent, force
from buckpass.game.setting import CrisisSetting, Standard, setting_of, standard_of

__all__ = ["PAYOFFS", "changes_of", "check_usable", "repriced", "scenario_case", "scenario_games", "scenario_setting"]

PAYOFFS = ("stake", "cost", "backlash", "influence", "norm")
CRISIS_PARAMETERS = ("delivery.capacity", "delivery.distance", "severity.base", "severity.slope", "asked.relief")
OTHER_VERBS = {"transfer": "agreement", "agreement.discount": "agreement"}


class _Unusable(ValueError):
    """Why one override cannot be used in a crisis game."""


def changes_of(texts: Sequence[str], case: Case, crisis: str) -> tuple[Override, ...]:
    """The changes that `PATH=VALUE` texts ask for in a crisis's game.

    Raises `BadOverride` with every problem at once: those of the texts (see `parse_overrides`), and those of the changes
    that can be read but not made.
    """
    try:
        overrides = parse_overrides(texts, case, crisis)
    except BadOverride as unreadable:
        problems = [*unreadable.problems, *_unusable(texts, case, crisis)]
        raise BadOverride(dict.fromkeys(problems)) from None
    check_usable(case, [crisis], overrides)
    return overrides


def _unusable(texts: Sequence[str], case: Case, crisis: str) -> list[str]:
    """Problems of those texts that can be read each by itself."""
    problems: list[str] = []
    for text in texts:
        try:
            check_usable(case, [crisis], parse_overrides([text], case, crisis))
        except BadOverride as bad:
            problems += bad.problems
    return problems


def check_usable(case: Case, crises: Sequence[str], overrides: Sequence[Override]) -> None:
    """Raise `BadOverride`, naming every reason, where a change cannot be made in the games of these crises."""
    problems: list[str] = []
    for override in overrides:
        try:
            _check(case, crises, override)
        except _Unusable as reason:
            problems.append(f"--set {override.text}: {reason}")
    if problems:
        raise BadOverride(problems)


def scenario_case(case: Case, crises: Sequence[str], overrides: Sequence[Override]) -> Case:
    """The case with the changes that are about its crises, organisations, alignments and parameters.

    Only the named crises and their theatres change; capacity, opinion, payoffs and actions are changed later.
    """
    check_usable(case, crises, overrides)
    for override in overrides:
        case = _in_case(case, crises, override)
    return case


def scenario_setting(
    case: Case, crises: Sequence[str], overrides: Sequence[Override] = (), standard: Standard | None = None
) -> CrisisSetting:
    """The setting of the named crises after the changes, standardised as the unchanged case is.

    A capacity multiplied by f moves its covariate by log f over the case's own scale, and the power's log delivery by
    the elasticity times log f; the other powers' delivery is held (the geometric mean is that of the unchanged case).
    A change to what is already there gives the same arrays, bit for bit.
    """
    standard = standard or standard_of(case)
    changed = scenario_case(case, crises, overrides)
    setting = setting_of(changed, crises, standard)
    for override in overrides:
        if override.attribute in SETTING_CHANGES:
            setting = SETTING_CHANGES[override.attribute](changed, setting, standard, override)
    return setting


def scenario_games(crises: Crises, setting: CrisisSetting, overrides: Sequence[Override]) -> Crises:
    """Games after the changes to payoffs and actions: prices set or scaled, responses held, powers taken out.

    `setting` names the axes; the batch may repeat its crises (posterior draws go along the crisis axis).
    """
    powers = setting.names.powers
    for override in overrides:
        if override.attribute in PAYOFFS:
            crises = repriced(crises, powers.index(override.subject), override)
        elif override.attribute == "force":
            crises = _held(crises, setting, override)
        elif override.attribute == "absent" and isinstance(override.value, tuple):
            for power in override.value:
                crises = absent(crises, powers.index(power))
    return crises


def repriced(crises: Crises, power: int, override: Override, value=None) -> Crises:
    """Games in which one payoff of one power is set or scaled; `value` (a number per game) replaces the override's."""
    field = override.attribute
    now = getattr(crises, field)
    change = _number(override) if value is None else value
    after = now[:, power] * change if override.operation == "scale" else jnp.broadcast_to(change, now[:, power].shape)
    return eqx.tree_at(lambda c: getattr(c, field), crises, now.at[:, power].set(after))


# --- what cannot be used ------------------------------------------------------------------------------------------


def _check(case: Case, crises: Sequence[str], override: Override) -> None:
    name = override.sets or override.attribute
    if name.startswith("futures.") or name in OTHER_VERBS:
        verb = OTHER_VERBS.get(name, "futures")
        raise _Unusable(f"does not enter a crisis's game; use it with `buckpass {verb}`")
    if override.attribute == "capacity" and not _positive(override):
        raise _Unusable("a capacity of 0 has no logarithm: take a small one, or take the power out with absent=")
    if override.attribute == "force":
        _check_forced(case, crises, override)
    for row in (case.crisis(c) for c in crises):
        _in_case_one(case, row, override)
        if override.attribute == "opinion":
            _opinion_shift(case, row, override, 0.0)


def _number(override: Override) -> float:
    """The number that a change sets, adds or multiplies by."""
    if not isinstance(override.value, (int, float)):
        raise TypeError(f"{override.path} does not change a number")
    return float(override.value)


def _positive(override: Override) -> bool:
    return isinstance(override.value, (int, float)) and override.value > 0


def _check_forced(case: Case, crises: Sequence[str], override: Override) -> None:
    for row in (case.crisis(c) for c in crises):
        if override.subject in row["host"]:
            raise _Unusable(f"{override.subject} is the host of {row['crisis_id']}: it does not play as a helper there")
        if override.subject in case.belligerents(row["crisis_id"]):
            raise _Unusable(f"{override.subject} is a belligerent in {row['crisis_id']}: it does not play there")


def _bounded(number: float, low: float, high: float, what: str) -> float:
    if not low <= number <= high:
        raise _Unusable(f"{what} would be {number:.3g}, outside {low:g} to {high:g}")
    return number


# --- changes of the case ------------------------------------------------------------------------------------------


def _in_case(case: Case, crises: Sequence[str], override: Override) -> Case:
    for crisis in crises:
        case = _in_case_one(case, case.crisis(crisis), override)
        if override.attribute not in CRISIS_CHANGES:
            break  # what is about the whole case is changed once, not once for each crisis
    return case


def _in_case_one(case: Case, row: dict, override: Override) -> Case:
    if override.attribute in CRISIS_CHANGES:
        return CRISIS_CHANGES[override.attribute](case, row, override)
    if override.attribute in ORGANISATION_CHANGES:
        changed = ORGANISATION_CHANGES[override.attribute](case, case.organisation(override.subject), row, override)
        replaced = tuple(changed if o.id == changed.id else o for o in case.settings.organisations)
        return _with_settings(case, organisations=replaced)
    if override.sets in CRISIS_PARAMETERS:
        quantity = case.quantity(override.sets)
        changed = quantity.model_copy(update={"value": override.on(quantity.value)})
        return _with_settings(case, parameters={**case.settings.parameters, override.sets: changed})
    return case


def _with_settings(case: Case, **changes) -> Case:
    return dataclasses.replace(case, settings=case.settings.model_copy(update=changes))


def _with_crisis(case: Case, crisis: str, **columns: pl.Expr) -> Case:
    is_it = pl.col("crisis_id") == crisis
    changed = [pl.when(is_it).then(value).otherwise(pl.col(name)).alias(name) for name, value in columns.items()]
    return dataclasses.replace(case, crises=case.crises.with_columns(changed))


def _request(case: Case, row: dict, override: Override) -> Case:
    asked = list(override.value) if isinstance(override.value, tuple) else []
    return _with_crisis(
        case, row["crisis_id"], asked=pl.lit(asked, pl.List(pl.String)), help_requested=pl.lit(bool(asked))
    )


def _severity(case: Case, row: dict, override: Override) -> Case:
    code = _bounded(override.on(row["severity"]), 0.0, 1.0, "the severity code")
    return _with_crisis(case, row["crisis_id"], severity=pl.lit(code))


def _alignment(case: Case, row: dict, override: Override) -> Case:
    key = (row["theatre"], override.subject, override.target)
    value = override.on(case.alignment(*key))
    entry = Alignment.model_validate(
        {"theatre": key[0], "of": key[1], "with": key[2], "value": value, "label": "assumed", "reason": "what-if"}
    )
    others = tuple(a for a in case.settings.alignments if (a.theatre, a.of, a.with_) != key)
    return _with_settings(case, alignments=(*others, entry))


CRISIS_CHANGES: dict[str, Callable[[Case, dict, Override], Case]] = {
    "request": _request,
    "severity": _severity,
    "alignment": _alignment,
}


def _consent(case: Case, organisation: Organisation, row: dict, override: Override) -> Organisation:
    rule = override.value
    if rule == "lead" and organisation.lead is None:
        raise _Unusable(f"{organisation.id} has no lead whose word could be enough")
    if rule == "keys" and not organisation.consent.keys:
        raise _Unusable(f"{organisation.id} names no members that hold a key (consent.keys in case.toml)")
    return organisation.model_copy(update={"consent": organisation.consent.model_copy(update={"rule": rule})})


def _mandate(case: Case, organisation: Organisation, row: dict, override: Override) -> Organisation:
    """`any` opens every host and every kind of crisis; `members` limits the hosts and leaves the kinds as they are."""
    opened = {"hosts": "any", "types": "any"} if override.value == "any" else {"hosts": override.value}
    return organisation.model_copy(update={"mandate": organisation.mandate.model_copy(update=opened)})


def _quantity(case: Case, organisation: Organisation, row: dict, override: Override) -> Organisation:
    quantity = getattr(organisation, override.attribute)
    value = _bounded(override.on(quantity.value), 0.0, 1.0, f"{organisation.id}'s {override.attribute}")
    return organisation.model_copy(update={override.attribute: quantity.model_copy(update={"value": value})})


def _members(case: Case, organisation: Organisation, row: dict, override: Override) -> Organisation:
    changes = override.value if isinstance(override.value, tuple) else ()
    members = list(organisation.members)
    for change in changes:
        state = change[1:]
        if change[0] == "+" and state not in case.members(organisation.id, row["start"]):
            members.append(Member.model_validate({"state": state, "from": organisation.founded}))
        elif change[0] == "-":
            members = _without(members, state, (*case.powers, *case.hosts))
    return organisation.model_copy(update={"members": tuple(members)})


def _without(members: list[Member], state: str, known: Sequence[str]) -> list[Member]:
    """Members without one state; an entry for every state becomes one for each other state of the case."""
    left: list[Member] = []
    for member in members:
        if member.state == "*":
            left += [member.model_copy(update={"state": s}) for s in dict.fromkeys(known) if s != state]
        elif member.state != state:
            left.append(member)
    return left


ORGANISATION_CHANGES: dict[str, Callable[[Case, Organisation, dict, Override], Organisation]] = {
    "consent": _consent,
    "mandate": _mandate,
    "legitimacy": _quantity,
    "cost_share": _quantity,
    "members": _members,
}


# --- changes of the setting ---------------------------------------------------------------------------------------


def _capacity(case: Case, setting: CrisisSetting, standard: Standard, override: Override) -> CrisisSetting:
    power, column = setting.names.powers.index(override.subject), list(covariates.COVARIATES).index("capacity")
    rows = [case.crisis(c) for c in setting.names.crises]
    shift = jnp.array([_log_shift(case, row, override, standard.mean[column]) for row in rows])
    x = setting.covariates.at[:, power, column].add(shift / standard.scale[column])
    richer = _with_spending(case, override)
    pressure = [
        [covariates.rival_pressure(richer, row, p) or 0.0 for p in setting.names.powers] for row in rows
    ]  # not standardised: one missing stands at 0
    x = x.at[..., list(covariates.COVARIATES).index("rival_pressure")].set(jnp.array(pressure))
    log_delivery = setting.log_delivery.at[:, power].add(case.parameter("delivery.capacity") * shift)
    return dataclasses.replace(setting, covariates=x, log_delivery=log_delivery)


def _log_shift(case: Case, row: dict, override: Override, mean: float) -> float:
    """Change of log capacity; a power whose capacity is not in the record is at the mean before the change."""
    if override.operation == "scale":
        return math.log(_number(override))
    known = covariates.capacity(case, row, override.subject)
    return math.log(_number(override)) - (mean if known is None else known)


def _with_spending(case: Case, override: Override) -> Case:
    """The case with the power's capacity series changed, for what compares the powers' spending."""
    measure = case.settings.measures.capacity
    if measure is None:
        return case
    theirs = pl.col("series").is_in(measure.series) & (pl.col("actor") == override.subject)
    value = pl.col("value") * _number(override) if override.operation == "scale" else pl.lit(_number(override))
    return dataclasses.replace(
        case, series=case.series.with_columns(pl.when(theirs).then(value).otherwise(pl.col("value")).alias("value"))
    )


def _opinion(case: Case, setting: CrisisSetting, standard: Standard, override: Override) -> CrisisSetting:
    power, column = setting.names.powers.index(override.subject), list(covariates.COVARIATES).index("opinion")
    rows = [case.crisis(c) for c in setting.names.crises]
    shift = jnp.array([_opinion_shift(case, row, override, standard.mean[column]) for row in rows])
    x = setting.covariates.at[:, power, column].add(shift / standard.scale[column])
    return dataclasses.replace(setting, covariates=x)


def _opinion_shift(case: Case, row: dict, override: Override, mean: float) -> float:
    """Change of the log-odds of unfavourable opinion; one not in the record is at the mean before the change."""
    if override.target not in row["host"]:
        return 0.0
    now = covariates.opinion(case, row, override.subject)
    if now is None:
        share = 1.0 / (1.0 + math.exp(-mean))
        return _log_odds(min(max(override.on(share), 0.0), 1.0)) - _log_odds(share)
    share = 1.0 / (1.0 + math.exp(-now))
    return _log_odds(_bounded(override.on(share), 0.0, 1.0, "the unfavourable share")) - _log_odds(share)


def _log_odds(share: float) -> float:
    bounded = min(max(share, 0.005), 0.995)  # as the covariate is bounded
    return math.log(bounded / (1 - bounded))


SETTING_CHANGES: dict[str, Callable[[Case, CrisisSetting, Standard, Override], CrisisSetting]] = {
    "capacity": _capacity,
    "opinion": _opinion,
}


# --- changes of actions -------------------------------------------------------------------------------------------


def _held(crises: Crises, setting: CrisisSetting, override: Override) -> Crises:
    """A power held at a rung, or at a deployment through one organisation whether or not that was open to it."""
    power = setting.names.powers.index(override.subject)
    if not override.target:
        return force(crises, power, int(_number(override)))
    option = setting.names.options.index(f"{override.value}@{override.target}")
    only = jnp.arange(crises.is_open.shape[-1]) == option
    return eqx.tree_at(lambda c: c.is_open, crises, crises.is_open.at[:, power].set(only))
