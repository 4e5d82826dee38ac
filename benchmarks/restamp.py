"""Give the bundled posteriors the stamp of the model installed, where their draws are its own; nothing is fitted.

A file whose stamp says that all it was given (covariates, games, bands, priors) is what the model installed is given gets the
record's hash. Any other is stamped only if the model installed gives its draws the likelihood, crisis by crisis, and the prior
density, term by term, that the file keeps: what a stamp vouches for is computed, not trusted. After a change of how the model is
described (not of what it says) this is what brings the bundled files along; after a change of the model it refuses, and
`make posteriors` fits again. `--check` writes nothing.

A file of a record whose hash is made by another rule now is taken with `--was HASH`, the hash that it has: the same check says
whether the draws are this record's. For posteriors fitted elsewhere: `python benchmarks/restamp.py FOLDER`.
"""

from __future__ import annotations

import argparse
import functools
import io
import sys
from pathlib import Path

import h5py
import jax
import numpy as np

from buckpass.case import Case, bundled_cases, load_case
from buckpass.evidence.gathered import GATHERED
from buckpass.fitting.files import SEAL, load_posterior, sealed
from buckpass.fitting.layout import EFFECT
from buckpass.fitting.posterior import Posterior
from buckpass.fitting.stamp import coding_in, stamp_of
from buckpass.game.setting import setting_of
from buckpass.model.coordinates import coordinates_of
from buckpass.model.likelihood import Likelihood
from buckpass.model.mechanisms import combination
from buckpass.model.observations import observations
from buckpass.model.readings import reading_of
from buckpass.model.requests import requests_of
from buckpass.results.files import json_text, write_whole

ROOT = Path(__file__).parents[1]
DRAWS = 20  # evenly spaced: every crisis and term of each is compared
# Nats of a crisis. Single precision alone leaves 1e-6; the rest is that the sampler placed its nodes from a guess that no file keeps
# (0.002 with free riding in the starter).
TOLERANCE = 0.01


def off_by(case: Case, posterior: Posterior, n_draws: int = DRAWS) -> float:
    """By how much (nats) the model installed scores draws of a posterior otherwise than the posterior says, at most."""
    theory, setting = combination(posterior.explanation), setting_of(case)
    seen = observations(case, setting, coding_in(posterior.settings))
    requests = requests_of(case, setting) if theory.has_host_stage else None
    likelihood = Likelihood(setting, seen, theory.interacts, posterior.order, requests)

    def scored(values):
        found = likelihood(values, reading_of(seen))
        return found.responses, found.request

    draws = {name: values for name, values in posterior.flat(n_draws).items() if name != EFFECT}
    responses, request = jax.jit(lambda all_of: jax.lax.map(scored, all_of))(draws)
    priors = coordinates_of(setting).log_priors({k: v[None] for k, v in draws.items()}, list(theory.free_terms))
    prior = priors.reshape(len(responses), -1)
    keep = np.linspace(0, posterior.n_draws - 1, n_draws).round().astype(int)
    crises = np.unique(seen.crisis)
    pairs = [
        (posterior.log_likelihood, responses[:, crises]), (posterior.request_log_likelihood, request[:, crises]),
        (posterior.log_prior, prior),
    ]  # fmt: skip
    return max(
        float(np.abs(said.values.reshape(-1, said.shape[-1])[keep] - found).max())
        for said, found in pairs
        if said is not None
    )


def restamp(case: Case, path: Path, old: set[str], *, write: bool = True) -> str:
    """What became of one file: stamped, as it was, or refused with the reason; `old` are hashes that mean this record."""
    posterior = load_posterior(path)
    if posterior.case_hash not in old | {case.record_hash}:
        return "REFUSED: fitted to another version of the record"
    stamp = stamp_of(case, posterior.explanation, coding_in(posterior.settings), posterior.order)
    if posterior.stamp == stamp:
        why = "all that its fit was given is what the model installed is given"
    elif (apart := off_by(case, posterior)) < TOLERANCE:
        why = f"its draws score alike to {apart:.0e} nats"
    else:
        return f"REFUSED: the model installed scores its draws otherwise, by up to {apart:.2g} nats"
    if (posterior.stamp, posterior.case_hash) == (stamp, case.record_hash):
        return f"as it was ({why})"
    if write:
        content = io.BytesIO(path.read_bytes().rpartition(SEAL)[0])
        with h5py.File(content, "r+") as file:
            file["posterior"].attrs["stamp"] = json_text(stamp, sort_keys=True)
            file["posterior"].attrs["case_hash"] = case.record_hash
        write_whole(path, sealed(content.getvalue()))
    return f"{'stamped' if write else 'TO BE STAMPED'} ({why})"


def renamed(case: Case, path: Path, old: set[str], *, write: bool = True) -> str:
    """What became of a file of results in words and numbers that names an old hash."""
    text = path.read_text("utf-8")
    new = functools.reduce(lambda said, one: said.replace(one, case.record_hash), old, text)
    if new == text:
        return "as it was"
    if write:
        write_whole(path, new.encode())
    return "stamped" if write else "TO BE STAMPED"


def main() -> int:
    """Every file of every bundled case, or those in a folder."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("folder", nargs="?", type=Path, help="posteriors fitted elsewhere, instead of the bundled ones")
    parser.add_argument("--case", action="append", choices=bundled_cases(), help="only this case; may be repeated")
    parser.add_argument(
        "--was", metavar="HASH", action="append", default=[], help="a hash that an older rule gave the record"
    )
    parser.add_argument(
        "--check", action="store_true", help="write nothing; fail where a file is not stamped as it should be"
    )
    asked = parser.parse_args()
    failed = False
    for case in map(load_case, asked.case or bundled_cases()):
        old = set(asked.was)
        folder = asked.folder or case.folder / "posteriors"
        texts = [folder / GATHERED, *([] if asked.folder else sorted((ROOT / "docs").glob("*.json")))]
        done = {path: renamed(case, path, old, write=not asked.check) for path in texts if path.exists()}
        for path in sorted(folder.glob("*.nc")):
            if asked.folder and load_posterior(path).case_id != case.id:
                continue
            done[path] = restamp(case, path, old, write=not asked.check)
            print(f"{case.id}/{path.name}: {done[path]}", flush=True)
            jax.clear_caches()
        print(*(f"{path.name}: {said}" for path, said in done.items() if path in texts), sep="\n", flush=True)
        failed |= any(said.startswith(("REFUSED", "TO BE")) for said in done.values())
    return int(failed)


if __name__ == "__main__":
    sys.exit(main())
