"""A Dask scheduler that somebody else runs: found within ten seconds, or named as not answering."""

from __future__ import annotations

import pickle
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from buckpass.years.year_problems import ClusterDoesNotAnswer

__all__ = ["PATIENCE", "connected", "spread"]

PATIENCE = 10.0  # seconds
RETRIES = 5  # a chunk whose worker is lost is given to another this often


@contextmanager
def connected(address: str) -> Iterator[Any]:
    """A client of the scheduler at `address` (tcp://host:port); raises `ClusterDoesNotAnswer` after ten seconds."""
    try:
        from distributed import Client
    except ImportError as error:
        raise ClusterDoesNotAnswer("a cluster needs Dask: install buckpass[cluster]") from error
    try:
        client = Client(address, timeout=PATIENCE)
    except (OSError, TimeoutError, ValueError) as error:
        raise ClusterDoesNotAnswer(
            f"no Dask scheduler answered at {address} within {PATIENCE:g} s ({type(error).__name__}); nothing was computed. "
            "Check that the scheduler runs, that the address and port are right, and that no firewall stands between"
        ) from error
    try:
        yield client
    finally:
        client.close(timeout=5)


def spread(
    client: Any, work: Callable[..., Any], shared: Sequence[Any], items: Sequence[int]
) -> Iterator[tuple[int, Any]]:
    """`work(*shared, item)` for every item, as they finish; a lost worker's items are done again by the others."""
    from distributed import as_completed

    # not scattered: data that only a lost worker held cannot be made again, a task can
    sent = [client.submit(pickle.loads, pickle.dumps(part), pure=False, retries=RETRIES) for part in shared]
    futures = {client.submit(work, *sent, item, pure=False, retries=RETRIES): item for item in items}
    for future in as_completed(list(futures)):
        yield futures[future], future.result()
