"""A generator of posterior files as damage, another program or a stranger would leave them."""

import json
import os
from collections.abc import Callable, Mapping
from pathlib import Path

import h5py
import numpy as np

from buckpass.fitting.files import sealed

GOOD_NAMES = ("posterior", "log_likelihood", "scores")
HUGE = 2**40


def damage(rng: np.random.Generator, path: Path) -> tuple[str, bool]:
    """Damage a good file in one of many ways; what was done, and whether it can be right to use the file all the same.

    What a stranger writes is sealed again, so that the reader gets to see it; the library that reads HDF5 itself is not
    proof against all that a stranger can write byte by byte.
    """
    if rng.random() < 0.3:
        return _bytes(rng, path), False
    return rewrite(rng, path, str(rng.choice(list(IN_THE_FILE))))


def rewrite(rng: np.random.Generator, path: Path, how: str) -> tuple[str, bool]:
    """Change what a file holds, as another program can, and seal it."""
    with h5py.File(path, "r+") as file:
        said = IN_THE_FILE[how](rng, file)
    path.write_bytes(sealed(path.read_bytes()))
    return f"{how}: {said}", how in MAY_PASS


def _bytes(rng: np.random.Generator, path: Path) -> str:
    content = bytearray(path.read_bytes())
    how = str(rng.choice(["cut", "flip", "zero", "swap", "grow", "front"]))
    at = int(rng.integers(len(content)))
    if how == "cut":
        del content[at:]
    elif how == "flip":
        for place in rng.integers(len(content), size=int(rng.integers(1, 30))):
            content[place] ^= 1 << int(rng.integers(8))
    elif how == "zero":
        content[at : at + 500] = bytes(len(content[at : at + 500]))
        content[-1] ^= 1  # where there were zeros before
    elif how == "swap":
        content[at:], content[:at] = content[:at], content[at:]
    elif how == "front":  # where the file describes itself
        for place in rng.integers(min(len(content), 3000), size=4):
            content[place] = int(rng.integers(256))
    else:
        content[at:at] = rng.bytes(int(rng.integers(1, 500)))
    path.write_bytes(bytes(content))
    return f"bytes {how} at {at}"


def _some(rng, file, *, drawn=False) -> h5py.Dataset:
    """An array of the file; `drawn`: of the draws and what they say."""
    groups = [g for g in file if not drawn or g in ("posterior", "log_likelihood")]
    arrays = [v for g in sorted(groups) for _, v in sorted(file[g].items()) if not drawn or len(v.shape) > 1]
    return arrays[int(rng.integers(len(arrays)))]


def _instead(array: h5py.Dataset, values, **how) -> str:
    """Other values under the name of an array, running over the same dims where there are as many."""
    file, name = array.file, array.name
    scales = [dim[0].name if len(dim) else None for dim in array.dims] if not array.is_scale else []
    attrs = {k: v for k, v in array.attrs.items() if k in ("_FillValue", "dtype")}
    del file[name]
    new = file.create_dataset(name, data=values, **how)
    for axis, scale in enumerate(scales[: len(new.shape)]):
        if scale in file:
            new.dims[axis].attach_scale(file[scale])
    for key, value in attrs.items():
        new.attrs[key] = value
    return name


def delete_array(rng, file):
    name = _some(rng, file).name
    del file[name]
    return name


def delete_group(rng, file):
    name = str(rng.choice(sorted(file)))
    del file[name]
    return name


def delete_attribute(rng, file):
    name = str(rng.choice(["explanation", "case_hash", "diagnostics", "settings", "seed", "stamp", "case_id"]))
    del file["posterior"].attrs[name]
    return name


def unknown_member(rng, file):
    if rng.random() < 0.5:
        file.create_group("surprise")["x"] = 1.0
    else:
        file[str(rng.choice(GOOD_NAMES))].create_dataset("surprise", data=np.ones(3))
    return "surprise"


def transposed(rng, file):
    array = _some(rng, file, drawn=True)
    return _instead(array, np.swapaxes(array[...], 0, 1))


def another_length(rng, file):
    array = _some(rng, file, drawn=True)
    return _instead(array, np.repeat(array[...], 2, axis=int(rng.integers(array.ndim))))


def one_dim_more(rng, file):
    array = _some(rng, file, drawn=True)
    return _instead(array, array[...][..., None])


def another_kind(rng, file):
    array = _some(rng, file, drawn=True)
    made = (
        np.complex128, np.dtype("S8"), np.dtype([("a", "f8"), ("b", "i4")]), np.dtype("V16"), h5py.ref_dtype,
        h5py.vlen_dtype(np.float64), np.int64, h5py.string_dtype(), h5py.enum_dtype({"a": 1, "b": 2}),
    )  # fmt: skip
    dtype = made[int(rng.integers(len(made)))]
    file_, name, shape = array.file, array.name, array.shape
    del file_[name]
    file_.create_dataset(name, shape, dtype)
    return f"{name} {dtype}"


def labels_changed(rng, file):
    array = file[str(rng.choice(["posterior/power", "posterior/rung", "log_likelihood/crisis", "scores/crisis"]))]
    values = [v.decode() if isinstance(v, bytes) else v for v in array[...].tolist()]
    how = str(rng.choice(["swap", "other", "double", "control"]))
    if how == "swap":
        values[:2] = values[1::-1]
    elif how == "double":
        values[0] = values[1]
    elif isinstance(values[0], str):
        values[0] = "ZZZ" if how == "other" else "\x1b[31mred\u202e"
    else:
        values[0] = -1
    array[...] = values
    return f"{array.name} {how}"


def not_a_number(rng, file):
    array = _some(rng, file["posterior"].file, drawn=True)
    array = file["posterior"][str(rng.choice([k for k, v in sorted(file["posterior"].items()) if len(v.shape) > 1]))]
    values = array[...]
    values.flat[int(rng.integers(values.size))] = rng.choice([np.nan, np.inf, -np.inf])
    array[...] = values
    return array.name


def impossible(rng, file):
    name, value = [("kappa", 1.5), ("kappa", -0.2), ("kappa", 3.0), ("unasked", -1.0), ("unasked", -2.0)][
        rng.integers(5)
    ]
    values = file["posterior"][name][...]
    values.flat[0] = value
    file["posterior"][name][...] = values
    return f"{name} {value}"


def soft_link(rng, file):
    target = str(rng.choice(["/posterior/kappa", "/nowhere", "/posterior", "/log_likelihood/responses"]))
    name = "posterior/kappa" if rng.random() < 0.5 else str(rng.choice(GOOD_NAMES))
    del file[name]
    file[name] = h5py.SoftLink(f"/{name}" if rng.random() < 0.3 else target)
    return f"{name} to {target}"


def external_link(rng, file):
    target = str(rng.choice(["/etc/passwd", "/dev/zero", "other.nc", str(file.filename)]))
    name = "posterior/kappa" if rng.random() < 0.5 else str(rng.choice(GOOD_NAMES))
    del file[name]
    file[name] = h5py.ExternalLink(target, "/posterior/kappa")
    return f"{name} to {target}"


def virtual(rng, file):
    array = file["posterior/kappa"]
    source = h5py.VirtualSource("elsewhere.nc", "kappa", shape=array.shape)
    layout = h5py.VirtualLayout(shape=array.shape, dtype="f8")
    layout[...] = source
    del file["posterior/kappa"]
    file.create_virtual_dataset("posterior/kappa", layout)
    return "kappa"


def external_storage(rng, file):
    array = file["posterior/kappa"]
    shape = array.shape
    del file["posterior/kappa"]
    file.create_dataset("posterior/kappa", shape, "f8", external=[("/etc/hostname", 0, h5py.h5f.UNLIMITED)])
    return "kappa"


def huge(rng, file):
    array = file[
        str(rng.choice(["posterior/kappa", "posterior/rung.payoff", "log_likelihood/responses", "scores/elpd"]))
    ]
    name, dims = array.name, array.ndim
    del file[name]
    how = str(rng.choice(["shape", "chunk", "words", "one"]))
    if how == "shape":
        file.create_dataset(name, (HUGE, *(1,) * (dims - 1)), "f8", chunks=(1024, *(1,) * (dims - 1)))
    elif how == "chunk":
        file.create_dataset(name, (4,) * dims, "f8", chunks=(2**28, *(1,) * (dims - 1)), maxshape=(None,) * dims)
    elif how == "words":
        file.create_dataset(name, (10,) * dims, "S60000")
    else:
        file.create_dataset(name, (HUGE,), "f8", chunks=(1024,))
    return f"{name} {how}"


def packed_otherwise(rng, file):
    array = file["posterior/kappa"]
    how = [{"compression": "lzf"}, {"scaleoffset": 2}][int(rng.integers(2))]
    return _instead(array, array[...], **how)


def dims_lost(rng, file):
    array = _some(rng, file, drawn=True)
    del array.attrs["DIMENSION_LIST"]
    return array.name


def dims_of_another_group(rng, file):
    values = file["posterior/kappa"][...]
    del file["posterior/kappa"]
    new = file.create_dataset("posterior/kappa", data=values)
    new.dims[0].attach_scale(file["scores/crisis"])
    new.dims[1].attach_scale(file["posterior/draw"])
    return "kappa"


def _changed(rng, value):
    """One entry of plain data changed, somewhere in it."""
    if isinstance(value, Mapping) and value:
        key = str(rng.choice(sorted(value)))
        return {**value, key: _changed(rng, value[key])}
    return [None, [], {}, "x", -1, 1e400, True, [[[]]], "\x1b[31mred", "\u202e"][int(rng.integers(10))]


def attribute_changed(rng, file):
    attrs = file["posterior"].attrs
    name = str(rng.choice(["diagnostics", "settings", "stamp"]))
    value = json.loads(attrs[name])
    changed = _changed(rng, value)
    attrs[name] = json.dumps(changed)
    return f"{name} {str(changed)[:80]}"


def attribute_of_another_kind(rng, file):
    attrs = file["posterior"].attrs
    name = str(rng.choice(["explanation", "case_hash", "diagnostics", "settings", "seed", "stamp", "order", "case_id"]))
    made = (
        "", "[" * 5000 + "]" * 5000, "{" * 100, "NaN", "\x1b[31m\u202e", np.arange(1000), 1.5, b"\xff\xfe", "[1, 2]", "{}", "null",
        "x" * 60_000, np.zeros((2, 2), "f4"),
    )  # fmt: skip
    value = made[int(rng.integers(len(made)))]
    del attrs[name]
    attrs[name] = value
    return f"{name} {str(value)[:30]!r}"


def of_another(rng, file):
    attrs = file["posterior"].attrs
    name, value = [
        ("explanation", "LS"),
        ("explanation", "nobody"),
        ("case_hash", "0" * 64),
        ("order", "patron first"),
    ][rng.integers(4)]
    attrs[name] = value
    return f"{name} {value}"


IN_THE_FILE: dict[str, Callable[[np.random.Generator, h5py.File], str]] = {
    f.__name__: f
    for f in (delete_array, delete_group, delete_attribute, unknown_member, transposed, another_length, one_dim_more, another_kind,
              labels_changed, not_a_number, impossible, soft_link, external_link, virtual, external_storage, huge,
              packed_otherwise, dims_lost, dims_of_another_group, attribute_changed, attribute_of_another_kind, of_another)
}  # fmt: skip
# Whole numbers in place of real ones, notes and seconds of the settings, another case_id: not what answers are made of.
MAY_PASS = {"attribute_changed", "attribute_of_another_kind", "delete_array", "delete_group", "delete_attribute"}


def no_plain_file(rng: np.random.Generator, path: Path) -> str:
    """Something that is no file under the name of one."""
    path.unlink()
    how = str(rng.choice(["pipe", "folder", "zero", "loop", "nowhere", "empty", "text"]))
    if how == "pipe":
        os.mkfifo(path)
    elif how == "folder":
        path.mkdir()
    elif how in ("empty", "text"):
        path.write_bytes(b"" if how == "empty" else b"elpd,1\n" * 1000)
    else:
        path.symlink_to({"zero": "/dev/zero", "loop": path, "nowhere": path.with_name("nowhere")}[how])
    return how
