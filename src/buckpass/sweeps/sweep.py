"""Sweeps over what is assumed: a design's points played in chunks that are never lost, indices and boxes from them."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
from jaxtyping import Float

from buckpass.case import Case
from buckpass.fitting.posterior import Posterior
from buckpass.predict.which_fits import Basis, basis_of
from buckpass.results.files import made_folder, write_json
from buckpass.results.progress import Along, in_order
from buckpass.results.table import ResultTable, ShowsItself, plain
from buckpass.results.words import percent
from buckpass.sweeps.chunks import CHUNK, Chunks, digest_of
from buckpass.sweeps.cluster import connected, spread
from buckpass.sweeps.design import Design, Outcome, problem_of, sample_points
from buckpass.sweeps.scenario_discovery import find_box
from buckpass.years.indicators import BY_POWER, Tally
from buckpass.years.kept_histories import VERSIONED, check_manifest
from buckpass.years.run import Plan, check_plan
from buckpass.years.scenario import scenario_of
from buckpass.years.tiles import play_tiles
from buckpass.years.world import world_of
from buckpass.years.year_problems import BadDesign

__all__ = ["CHUNK", "Sweep", "chunk_values", "sweep"]

LEAST_LATIN = 64  # RBD-FAST halves the points for its intervals and needs more than 20 in a half


@dataclass(frozen=True)
class Sweep(ShowsItself):
    """Results of a design: inputs [point, input], outcomes [point, outcome], indices and boxes by outcome."""

    design: Design
    inputs: Float[np.ndarray, "n k"]
    outcomes: Float[np.ndarray, "n o"]
    indices: tuple[dict[str, dict[str, float]], ...]  # per outcome: {input: {S1, S1_conf, ST, ST_conf} or Morris'}
    boxes: tuple[dict[str, Any] | None, ...]
    folder: Path

    def table(self) -> ResultTable:
        """Indices, one row per input and outcome that varies, the strongest first; why others are missing stands below."""
        rows = [
            {"outcome": o.text, "input": path, **values}
            for o, found in zip(self.design.outcomes, self.indices, strict=True)
            for path, values in sorted(found.items(), key=lambda item: -_strength(item[1]))
        ]
        frame = pl.DataFrame(
            rows, dict.fromkeys(("outcome", "input"), pl.String) if not rows else None, infer_schema_length=None
        )
        return ResultTable(frame, "What the outcomes turn on", {}, " ".join(self.notes), (), "", self.design.seed)

    def where(self) -> ResultTable:
        """Boxes, one row per range of an input: where the values of interest lie (PRIM)."""
        rows = [
            {"outcome": o.sought, "input": path, "from": low, "to": high,
             **{k: box[k] for k in ("density", "base", "coverage", "mass")}}
            for o, box in zip(self.design.outcomes, self.boxes, strict=True) if box is not None
            for path, (low, high) in box["limits"].items()
        ]  # fmt: skip
        note = ("All ranges of an outcome hold together. density: share of the points within them that are of interest; base: "
                "of all points; coverage: share of those of interest that lie within; mass: share of all points within.")  # fmt: skip
        return ResultTable(pl.DataFrame(rows, infer_schema_length=None), "Where the values of interest lie", {},
                           note, (), "", self.design.seed)  # fmt: skip

    def tables(self) -> tuple[ResultTable, ...]:
        """Indices, and boxes where there are any."""
        return tuple(t for t in (self.table(), self.where()) if t.frame.width)

    @property
    def notes(self) -> tuple[str, ...]:
        """In words what no row can say: outcomes that never vary, numbers that too few points do not give, boxes not found."""
        of_outcomes = zip(self.design.outcomes, self.outcomes.T, self.indices, self.boxes, strict=True)
        notes = [note for outcome, values, _, box in of_outcomes for note in _said(outcome, values, box)]
        unknown = {
            key
            for found in self.indices
            for values in found.values()
            for key, v in values.items()
            if not np.isfinite(v)
        }
        if unknown:
            notes.append(
                f"{', '.join(sorted(unknown))} cannot be computed from {len(self.inputs)} points: ask for more samples."
            )
        return tuple(notes)

    def as_dict(self) -> dict[str, Any]:
        """Design, indices and boxes as plain data; what cannot be computed is None, and `notes` says why."""
        return plain({"design": self.design.as_dict(), "indices": list(self.indices), "boxes": list(self.boxes),
                      "points": len(self.inputs), "notes": list(self.notes)})  # fmt: skip


def sweep(
    case: Case, posteriors: Mapping[str, Posterior], design: Design, out: str | Path, cluster: str | None = None,
    along: Along = in_order,
) -> Sweep:  # fmt: skip
    """Play every point of the design and say which assumptions the outcomes turn on.

    Each chunk of points is one file written at once; whatever ends the run, finished chunks stay, and the same call
    completes the rest to the same bytes. First-order and total indices: Saltelli et al. 2010 (sobol); elementary effects: Morris
    1991; RBD-FAST for Latin hypercubes (Tarantola et al. 2006). Boxes: PRIM, where an outcome says which values are of interest.

    Parameters
    ----------
    case, posteriors : as `solve_crisis` takes them.
    design : what is varied and what is looked at, as `buckpass.sweeps.read_design` reads it.
    out : folder of the chunks; made where it is not there.
    cluster : address of a Dask scheduler that chunks go to (None: they are played here).
    along : hands on the chunks, for a caller that shows how far it is.

    Returns
    -------
    Sweep
        Inputs [point, input], outcomes [point, outcome], indices and boxes by outcome.

    Raises
    ------
    BadDesign, ManifestMismatch, ClusterDoesNotAnswer, OutputFailed
        The design cannot be played, the folder holds another, the scheduler is silent, the disk is full; as `simulate` does.
    """
    _check(case, design)
    points = sample_points(design)
    basis = basis_of(case, posteriors)
    folder, manifest = Path(out), _manifest(case, basis, design)
    check_manifest(folder, manifest)
    write_json(made_folder(folder) / "manifest.json", manifest)
    chunks = Chunks(folder, digest_of(manifest), len(points), len(design.outcomes))
    outcomes = _finished(chunks, lambda missing: along(_played(case, basis, design, missing, cluster), len(missing)))
    found = _analysed(design, points, outcomes)
    whole = Sweep(design, points, outcomes, *found, folder)
    write_json(folder / "result.json", {k: v for k, v in whole.as_dict().items() if k in ("indices", "boxes", "notes")})
    return whole


def _finished(chunks: Chunks, played: Callable[[list[int]], Iterable[tuple[int, Any]]]) -> Float[np.ndarray, "n o"]:
    """The outcomes of every chunk, once those that are missing are played and kept."""
    for k, values in played([k for k in range(chunks.count) if chunks.read(k) is None]):
        chunks.write(k, values)
    return np.concatenate([values for k in range(chunks.count) if (values := chunks.read(k)) is not None])


def chunk_values(case: Case, basis: Basis, design: Design, kept: dict, chunk: int) -> list[list[float]]:
    """Outcomes of one chunk's points; a function of its arguments alone, so that any worker gives the same."""
    points = sample_points(design)[chunk * CHUNK : (chunk + 1) * CHUNK]
    return [_outcomes_at(case, basis, design, point, kept) for point in points]


def _outcomes_at(case: Case, basis: Basis, design: Design, point: np.ndarray, kept: dict) -> list[float]:
    from buckpass.years.foresight import with_foresight

    texts = [*design.overrides, *(f"{i.path}={v:.17g}" for i, v in zip(design.inputs, point, strict=True))]
    plan = plan_of(design)
    scenario = scenario_of(case, texts, plan.first_year, plan.foresight)
    world, labels = world_of(scenario, basis, plan.years, plan.seed, kept=kept)
    tally = Tally()
    for tile in play_tiles([with_foresight(plan.foresight, world, plan, case)], plan.seed, plan.years, plan.histories):
        tally.add(tile.by_power[0], tile.by_host[0], tile.unsolved)
    mean = tally.mean()
    return [
        float(mean[BY_POWER.index(o.measure), o.year - labels.first_year, labels.powers.index(o.power)])
        for o in design.outcomes
    ]


def plan_of(design: Design) -> Plan:
    """How each point is played."""
    return Plan(design.years, design.histories, design.seed, design.first_year, design.foresight)


def _check(case: Case, design: Design) -> None:
    check_plan(plan_of(design))
    first = design.first_year or case.settings.years[1] + 1
    outside = [o.year for o in design.outcomes if not first <= o.year < first + design.years]
    if outside:
        raise BadDesign(
            f"outcome year {outside[0]} is not among the years played ({first} to {first + design.years - 1})"
        )
    if design.method == "lhs" and design.samples < LEAST_LATIN:
        raise BadDesign(f"samples = {design.samples}: indices of a Latin hypercube need at least {LEAST_LATIN} points")
    if not design.inputs:
        raise BadDesign(
            "nothing is varied: the case labels nothing assumed with a range, and the design has no [[input]]"
        )
    ends = [[f"{i.path}={getattr(i, end):.17g}" for i in design.inputs] for end in ("low", "high")]
    for texts in ends:
        scenario_of(case, [*design.overrides, *texts], design.first_year, design.foresight)


def _played(case, basis: Basis, design: Design, missing: list[int], cluster: str | None) -> Iterator[tuple[int, Any]]:
    if not missing:
        return
    if cluster is None:
        kept: dict = {}
        for k in missing:
            yield k, chunk_values(case, basis, design, kept, k)
        return
    with connected(cluster) as client:
        yield from spread(client, chunk_values, (case, basis, design, {}), missing)


def _manifest(case: Case, basis: Basis, design: Design) -> dict[str, Any]:
    fit = basis.fit
    identity = {
        "case": case.id, "case_hash": case.hash, "record_hash": case.record_hash, "design": design.as_dict(),
        "design_hash": hashlib.sha256(json.dumps(design.as_dict(), sort_keys=True).encode()).hexdigest(), "chunk": CHUNK,
        "weights": basis.weights,
        "posteriors": {basis.name: {"case_hash": fit.case_hash, "seed": fit.seed, "draws": _draws_hash(fit)}},
        "models": {basis.name: fit.model},
    }  # fmt: skip
    return {"identity": identity, "versions": {name: version(name) for name in (*VERSIONED, "SALib")}}


def _draws_hash(posterior: Posterior) -> str:
    values = (np.ascontiguousarray(v.values).tobytes() for _, v in sorted(posterior.draws.data_vars.items()))
    return hashlib.sha256(b"".join(values)).hexdigest()


def _strength(values: Mapping[str, float]) -> float:
    return abs(next((values[key] for key in ("ST", "mu_star", "S1") if np.isfinite(values.get(key, np.nan))), 0.0))


def _is_still(values: np.ndarray) -> bool:
    """Whether an outcome is the same at every point, to the processor's last bits."""
    return bool(np.ptp(values) <= 1e-12 * max(1.0, np.abs(values).max()))


def _said(outcome: Outcome, values: np.ndarray, box: Mapping[str, Any] | None) -> Iterator[str]:
    """What is to be said of one outcome in words."""
    if (lost := int(np.count_nonzero(~np.isfinite(values)))) > 0:
        yield f"{outcome.text} is not a number at {lost} of {len(values)} points: nothing is said of what moves it."
        return
    if _is_still(values):
        yield f"{outcome.text} is the same at every point ({values[0]:.3g}): nothing here moves it."
    if outcome.sought == outcome.text:
        return
    if box is None:
        yield f"{outcome.sought}: so at none of the {len(values)} points."
    elif box["base"] == 1:
        yield f"{outcome.sought}: so at every one of the {len(values)} points."
    elif not box["limits"]:
        yield f"{outcome.sought}: at {percent(box['base'])} of the points, and no range of the inputs holds more of them."


def _analysed(design: Design, points: np.ndarray, outcomes: np.ndarray):
    names = [i.path for i in design.inputs]
    indices = tuple(_indices(design, points, outcomes[:, o]) for o in range(outcomes.shape[1]))
    boxes = [
        find_box(points, outcome.is_of_interest(values), names)
        for outcome, values in zip(design.outcomes, outcomes.T, strict=True)
    ]
    return indices, tuple(asdict(box) if box is not None else None for box in boxes)


def _indices(design: Design, points: np.ndarray, values: np.ndarray) -> dict[str, dict[str, float]]:
    problem, names = problem_of(design), [i.path for i in design.inputs]
    if not np.isfinite(values).all() or _is_still(values):
        return {}  # SALib answers 0 with interval 0, or NaN, and does not say why
    if design.method == "sobol":
        from SALib.analyze import sobol

        found = sobol.analyze(problem, values, calc_second_order=False, seed=design.seed)
        keys = ("S1", "S1_conf", "ST", "ST_conf")
    elif design.method == "morris":
        from SALib.analyze import morris

        found = morris.analyze(problem, points, values, num_levels=4, seed=design.seed)
        keys = ("mu", "mu_star", "mu_star_conf", "sigma")
    else:
        from SALib.analyze import rbd_fast

        found = rbd_fast.analyze(problem, points, values, seed=design.seed)
        keys = ("S1", "S1_conf")
    return {name: {k: float(found[k][i]) for k in keys} for i, name in enumerate(names)}
