"""What a posterior file must hold before a number of it is read: a stranger may have written it."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import h5py
import numpy as np
import polars as pl

from buckpass.case import Case
from buckpass.case.problems import clip
from buckpass.fitting.posterior import GROUPS
from buckpass.model.mechanisms import Combination, priors
from buckpass.model.terms import terms

__all__ = [
    "EFFECT",
    "BadLayout",
    "Layout",
    "check_group",
    "check_support",
    "dims_of",
    "groups_of",
    "layout_of",
    "values_of",
]

MEGABYTE = 2**20
MOST_BYTES = (
    64 * MEGABYTE
)  # of one array, and of one of its chunks, as declared: more is refused before it is allocated
MOST_LABELS = 10_000
MOST_ARRAYS = 200
LONGEST_WORD = 4096  # bytes of a text of fixed length
ROUNDED = 1e-4  # draws are kept in single precision
FILTERS = {h5py.h5z.FILTER_DEFLATE, h5py.h5z.FILTER_SHUFFLE, h5py.h5z.FILTER_FLETCHER32}  # no filter loads a plug-in
REQUIRED = ("posterior", "log_likelihood", "scores")
DRAWN = ("chain", "draw")
EFFECT = "crisis.effect"  # the effect of every crisis, drawn given the responses: no term, it has no prior of its own
# Group, then array: its dims and its kind (f real, i whole, b true or false, s text), ? where it may be missing.
ARRAYS = {
    "log_likelihood": {"responses": ((*DRAWN, "crisis"), "f"), "request": ((*DRAWN, "crisis"), "f?")},
    "log_prior": {"density": ((*DRAWN, "term"), "f")},
    "scores": {
        "elpd": (("crisis",), "f"), "pareto_k": (("crisis",), "f"), "is_exact": (("crisis",), "b"),
        "elpd_request": (("crisis",), "f?"), "elpd_request_base": (("crisis",), "f?"),
    },
    "readings": {
        "elpd": (("reading", "crisis"), "f"), "pareto_k": (("reading", "crisis"), "f"),
        "is_out_of_sample": (("reading", "crisis"), "b"), "rhat_max": (("reading",), "f"),
        "divergences": (("reading",), "i"), "rows": (("reading",), "i"), "says": (("reading",), "s"),
    },
    "forecast": {"probability": (("crisis", "power", "rung"), "f")},
}  # fmt: skip


class BadLayout(ValueError):
    """A file does not hold what a posterior holds; the message says what was seen and where."""


@dataclass(frozen=True)
class Layout:
    """What the fit of an explanation to a case holds: its terms with their own dims, and the labels of every dim.

    Labels are by dim, or by "group/dim" where one group has its own. A dim that is not among them has any labels.
    """

    terms: Mapping[str, tuple[str, ...]]
    labels: Mapping[str, tuple[str, ...]]


def layout_of(case: Case, theory: Combination, crises: tuple[str, ...]) -> Layout:
    """What a fit of the explanation to the case holds; `crises` are those that it scores, in their order."""
    vehicles, day = case.vehicles, case.settings.article_date
    later = case.fitted_crises.filter(pl.col("start") > day)["crisis_id"] if day is not None else ()
    free = {one.name: one.dims for one in terms() if theory.frees(one.name)}
    rungs = tuple(map(str, range(case.settings.ladder.rungs.top + 1)))
    return Layout({**free, EFFECT: ("crisis",)}, {
        "crisis": crises, "forecast/crisis": tuple(later), "power": case.powers, "vehicle": vehicles,
        "body": (*case.powers, *vehicles), "posterior/rung": rungs[1:], "rung": rungs, "term": tuple(free),
    })  # fmt: skip


def groups_of(file: h5py.File) -> dict[str, h5py.Group]:
    """The groups of an open file, those that a posterior has; raises `BadLayout`."""
    groups = dict(_linked(file, h5py.Group, "group"))
    if missing := [name for name in REQUIRED if name not in groups]:
        raise BadLayout(f"it has no group {missing[0]}")
    if unknown := groups.keys() - set(GROUPS):
        raise BadLayout(f"it has a group {clip(min(unknown))}, which no posterior has")
    return groups


def check_group(name: str, group: h5py.Group, layout: Layout | None, sizes: dict[str, int]) -> dict[str, h5py.Dataset]:
    """The arrays of a group, each against what it must be before numbers other than labels are read.

    Without a layout only what every posterior has in common is checked. sizes : of chain and draw, as seen in the groups
    checked so far. Raises `BadLayout`.
    """
    arrays = dict(_linked(group, h5py.Dataset, "array"))
    if len(arrays) > MOST_ARRAYS:
        raise BadLayout(f"{name} holds {len(arrays)} arrays, more than {MOST_ARRAYS}")
    for array in arrays.values():
        _check_storage(array)
    expected = _expected(name, arrays, layout)
    for array, (dims, kind) in expected.items():
        if array in arrays:
            _check_array(f"{name}/{array}", arrays[array], dims, kind[0])
        elif layout is not None and not kind.endswith("?"):
            raise BadLayout(f"{name} has no {array}")
    over = {d for array, (dims, _) in expected.items() if array in arrays for d in dims}
    if layout is not None:
        known = {*expected, *over, *(dim.rsplit("/", 1)[-1] for dim in layout.labels)}
        if unknown := arrays.keys() - known:
            raise BadLayout(f"{name} has {clip(min(unknown))}, which a fit of this explanation has not")
    for dim in sorted(over):
        _check_dim(name, dim, arrays, layout, sizes)
    for array, (dims, _) in expected.items():
        if array in arrays and arrays[array].shape != tuple(arrays[d].shape[0] for d in dims):
            raise BadLayout(f"{clip(f'{name}/{array}')} is {arrays[array].shape}, not as long as what it runs over")
    return arrays


def _expected(name: str, arrays: Mapping[str, h5py.Dataset], layout: Layout | None) -> Mapping[str, tuple]:
    if name in ARRAYS:
        return ARRAYS[name]
    terms = layout.terms if layout else {k: dims_of(v)[2:] for k, v in arrays.items() if len(v.shape) > 1}
    return {term: ((*DRAWN, *dims), "f") for term, dims in terms.items()}


def _linked(group: h5py.Group, kind: type, what: str) -> Iterator[tuple[str, Any]]:
    """The members of a group: of the kind expected, and in the file itself."""
    for name in map(str, group):
        place = clip(f"{_place(group)}/{name}".strip("/"))
        if not isinstance(group.get(name, getlink=True), h5py.HardLink):
            raise BadLayout(f"{place} is a link that may lead out of the file: not followed")
        member = group[name]
        if not isinstance(member, kind):
            raise BadLayout(f"{place} is not the {what} that a posterior has there")
        yield name, member


def _place(member: h5py.Group | h5py.Dataset) -> str:
    return clip((member.name or "").strip("/"))


def _check_storage(array: h5py.Dataset) -> None:
    """Numbers or words of bounded size, held in the file itself, packed in no way but the usual ones."""
    place, made = _place(array), array.id.get_create_plist()
    if array.shape is None:
        raise BadLayout(f"{place} holds nothing")
    if array.is_virtual or made.get_external_count():
        raise BadLayout(f"{place} keeps its numbers in another file: not followed")
    if not {made.get_filter(n)[0] for n in range(made.get_nfilters())} <= FILTERS:
        raise BadLayout(f"{place} is packed in a way that posteriors are not")
    is_text = h5py.check_string_dtype(array.dtype) is not None
    if not is_text and array.dtype.kind not in "fiub":
        raise BadLayout(f"{place} holds neither numbers nor words ({clip(array.dtype)})")
    if array.dtype.itemsize > (LONGEST_WORD if is_text else 8) or (is_text and math.prod(array.shape) > MOST_LABELS):
        raise BadLayout(f"{place} declares {math.prod(array.shape)} entries of {array.dtype.itemsize} bytes")
    for shape in (array.shape, array.chunks or ()):
        if math.prod(shape) * array.dtype.itemsize > MOST_BYTES:
            raise BadLayout(f"{place} declares {shape}, more than {MOST_BYTES // MEGABYTE} MiB: not read")


def _check_array(place: str, array: h5py.Dataset, dims: tuple[str, ...], kind: str) -> None:
    if (found := dims_of(array)) != dims:
        raise BadLayout(f"{clip(place)} has the dims {clip(', '.join(found))} and not {', '.join(dims)}")
    is_text = h5py.check_string_dtype(array.dtype) is not None
    if is_text != (kind == "s") or (not is_text and array.dtype.kind not in {"f": "f", "i": "iu", "b": "iub"}[kind]):
        raise BadLayout(f"{clip(place)} is of the kind {clip(array.dtype)}")


def _check_dim(
    name: str, dim: str, arrays: Mapping[str, h5py.Dataset], layout: Layout | None, sizes: dict[str, int]
) -> None:
    """A dim's labels are those of the case; without labels, its size is the same in every group."""
    if dim not in arrays:
        raise BadLayout(f"{name} has no {dim}, which its arrays run over")
    labels = None if layout is None else layout.labels.get(f"{name}/{dim}", layout.labels.get(dim))
    scale = arrays[dim]
    if len(scale.shape) != 1:
        raise BadLayout(f"{name}/{dim} is no list")
    if dim in DRAWN and sizes.setdefault(dim, scale.shape[0]) != scale.shape[0]:
        raise BadLayout(f"{name} has {scale.shape[0]} of {dim}, another group {sizes[dim]}")
    if scale.shape[0] == 0 and name != "forecast":
        raise BadLayout(f"{name}/{dim} is empty")
    if labels is None:
        return
    if scale.shape != (len(labels),):
        raise BadLayout(f"{name}/{dim} has {scale.shape[0]} entries where the case has {len(labels)}")
    found = tuple(map(str, values_of(scale).tolist()))
    if found != labels:
        one, other = next((a, b) for a, b in zip(found, labels, strict=True) if a != b)
        raise BadLayout(f"{name}/{dim} has {clip(one)} where the case has {other}")


def check_support(term: str, draws: np.ndarray) -> None:
    """Raise `BadLayout` where draws of a term lie where its prior has nothing, or are no numbers."""
    if draws.dtype.kind == "f" and not np.isfinite(draws).all():
        raise BadLayout(f"draws of {clip(term)} are not finite")
    prior = priors().get(term)
    if prior is None or prior.family == "normal":
        return
    low, high = draws.min(initial=0.0), draws.max(initial=0.0)
    if low < 0 or (prior.family == "beta" and high > 1 + ROUNDED):
        raise BadLayout(f"draws of {term} lie outside what it can be ({low:g} to {high:g})")


def dims_of(array: h5py.Dataset) -> tuple[str, ...]:
    """The names of an array's dims, as NetCDF writes them: scales of its own group."""
    if array.is_scale:
        return (_place(array).rpartition("/")[-1],)
    name = array.name or ""
    scales = [(scale[0].name or "").rpartition("/") if len(scale) else ("", "", "") for scale in array.dims]
    if any(home != name.rpartition("/")[0] for home, _, _ in scales):
        raise BadLayout(f"{_place(array)} does not say over what it runs")
    return tuple(dim for _, _, dim in scales)


def values_of(array: h5py.Dataset) -> np.ndarray:
    """An array's numbers or words."""
    if h5py.check_string_dtype(array.dtype):
        words = np.asarray(array.asstr()[...]).astype(str)
        if not "".join(words.ravel().tolist()).isprintable():
            raise BadLayout(f"{_place(array)} has marks that print nothing")
        return words
    is_truth = array.attrs.get("dtype", "") in ("bool", b"bool")
    return array[...].astype(bool) if is_truth else array[...]
