"""Random changes of a crisis, from the data of the page's what-if: of every kind that the page's script makes."""

import random

RULES = ("lead", "keys", "majority", "consensus")


def random_changes(rng: random.Random, data: dict, crisis: dict) -> list[str]:
    """One to four `PATH=VALUE` texts that `buckpass whatif` takes in the crisis, no two of one kind."""
    found = {kind(rng, data, crisis) for kind in rng.sample(KINDS, rng.randint(1, 4))}
    texts = sorted(text for text in found if text)
    away = {p for t in texts if t.startswith("absent=") for p in t.removeprefix("absent=").split(",")}
    parts = {t: {*t.partition("=")[0].replace("@", ".").split(".")} for t in texts}
    asked = {t: {*t.removeprefix("request=").split(",")} if t.startswith("request=") else set() for t in texts}
    asked = {
        t: ids | {data["powers"][data["leads"][one]] for one in ids & {*data["leads"]}} for t, ids in asked.items()
    }
    return [t for t in texts if t.startswith("absent=") or not (parts[t] | asked[t]) & away]


def _number(rng: random.Random, low: float, high: float) -> str:
    return f"{rng.uniform(low, high):.4g}"


def _price(rng, data, crisis):
    price = rng.choice(["stake", "cost", "backlash", "influence", "norm"])
    value = _number(rng, 0, 3) + rng.choice(["x", ""])
    return f"{rng.choice(data['powers'])}.{price}={value}"


def _capacity(rng, data, crisis):
    return f"{rng.choice(data['powers'])}.capacity={_number(rng, 0.1, 3)}x"


def _opinion(rng, data, crisis):
    power, host = rng.choice(data["powers"]), rng.choice(crisis["hosts"])
    if power == host:
        return None
    odds = crisis["opinion"][data["powers"].index(power)]
    share = 1 / (1 + 2.718281828459045 ** -(data["standard"]["opinion"][0] if odds is None else odds))
    return f"{power}.opinion@{host}={_number(rng, -0.9 * share, 0.9 * (1 - share))}"


def _alignment(rng, data, crisis):
    of, to = rng.choice([*data["powers"], *crisis["hosts"]]), rng.choice(data["powers"])
    return None if of == to else f"{of}.alignment@{to}={_number(rng, -1, 1)}"


def _severity(rng, data, crisis):
    return f"severity={_number(rng, 0, 1)}"


def _there(data, crisis):
    bodies = list(data["organisations"])
    return [bodies[k] for k in crisis["there"]]


def _request(rng, data, crisis):
    bodies = [*data["powers"], *_there(data, crisis)]
    return f"request={','.join(rng.sample(bodies, rng.randint(0, min(3, len(bodies))))) or 'nobody'}"


def _absent(rng, data, crisis):
    powers = data["powers"]
    return f"absent={','.join(rng.sample(powers, rng.randint(1, min(2, len(powers) - 1))))}"


def _force(rng, data, crisis):
    power = rng.randrange(len(data["powers"]))
    theirs = [v["id"] for v, members in zip(data["vehicles"], crisis["members"], strict=True) if power in members]
    if theirs and rng.random() < 0.4:
        return f"{data['powers'][power]}.force@{rng.choice(theirs)}={data['rungs']['through']}"
    most = data["rungs"]["count"] if data["vehicles"] else data["rungs"]["through"] or data["rungs"]["count"]
    return f"{data['powers'][power]}.force={rng.randrange(most)}"


def _organisation(rng, data, crisis):
    there = [v for v in data["vehicles"] if v["id"] in _there(data, crisis)]
    if not there:
        return None
    one = rng.choice(there)
    rules = [r for r in RULES if (r != "lead" or one["has_lead"]) and (r != "keys" or one["has_keys"])]
    return rng.choice([f"{one['id']}.consent={rng.choice(rules)}", f"{one['id']}.legitimacy={_number(rng, 0, 1)}",
                       f"{one['id']}.cost_share={_number(rng, 0, 1)}"])  # fmt: skip


KINDS = (_price, _capacity, _opinion, _alignment, _severity, _request, _absent, _force, _organisation)
