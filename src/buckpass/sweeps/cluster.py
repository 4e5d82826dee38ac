"""A Dask scheduler that somebody else runs: found within ten seconds, or named as not answering."""

from __future__ import annotations

import pickle
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from buckpass.years.year_problems import ClusterDoesNotAnswer, ClusterFailed

__all__ = ["PATIENCE", "connected", "spread"]

PATIENCE = 10.0  # seconds
RETRIES = 5  # a part that failed is computed again this often; how often one may lose its worker the scheduler says
STALLED = 20.0  # seconds without a finished part after which the workers are looked at
KEPT = "what was finished is kept, and the same call goes on from it (a sweep with --resume)"


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
    """`work(*shared, item)` for every item, as they finish; a lost worker's items are done again by the others.

    Raises `ClusterFailed` where an item loses its worker too often, all workers have paused, or none is left.
    """
    from distributed import wait

    # not scattered: data that only a lost worker held cannot be made again, a task can
    sent = [client.submit(pickle.loads, pickle.dumps(part), pure=False, retries=RETRIES) for part in shared]
    futures = {client.submit(work, *sent, item, pure=False, retries=RETRIES): item for item in items}
    pending = set(futures)
    while pending:
        try:
            found: Any = wait(pending, timeout=STALLED, return_when="FIRST_COMPLETED")
        except TimeoutError:
            _refuse_stalled(client)
            continue
        pending = found.not_done
        for future in found.done:
            yield futures[future], _result(future, futures[future])


def _result(future: Any, item: int) -> Any:
    """What was computed; raises `ClusterFailed` where that lost too many workers."""
    from distributed import KilledWorker

    try:
        return future.result()
    except KilledWorker as lost:
        raise ClusterFailed(
            f"the worker was lost each time that part {item} was computed ({lost.allowed_failures + 1} times): it was "
            f"killed, or needed more memory than it may use; {KEPT}"
        ) from lost


def _refuse_stalled(client: Any) -> None:
    """Raises where no worker computes and none will without help: all have paused at their limit of memory, or all are gone."""
    workers = client.run_on_scheduler(_statuses)
    if not workers:
        raise ClusterFailed(f"no worker is left at {client.scheduler.address}: start some; {KEPT}")
    if set(workers.values()) == {"paused"}:
        raise ClusterFailed(
            f"all {len(workers)} workers have stood still for {STALLED:g} s, paused at their limit of memory "
            f"({', '.join(sorted(workers)[:3])}): give them more memory, or fewer threads each; {KEPT}"
        )


def _statuses(dask_scheduler: Any) -> dict[str, str]:
    return {address: worker.status.name for address, worker in dask_scheduler.workers.items()}
