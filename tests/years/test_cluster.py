"""A cluster whose workers are killed or stand still is told, in words, in time; what was finished has been handed on."""

import os
import signal
import time

import pytest

from buckpass.sweeps import cluster as of_cluster
from buckpass.years.year_problems import ClusterFailed

distributed = pytest.importorskip("distributed")
pytestmark = [pytest.mark.slow, pytest.mark.filterwarnings("ignore")]


def deadly(item: int) -> int:
    """The second item kills whoever computes it."""
    if item == 1:
        time.sleep(0.2)
        os.kill(os.getpid(), signal.SIGKILL)
    return item


def patient(item: int) -> int:
    time.sleep(0.05 if item == 0 else 60)
    return item


@pytest.fixture
def client():
    with (
        distributed.LocalCluster(
            n_workers=1, threads_per_worker=1, processes=True, dashboard_address=None, memory_limit=0
        ) as local,
        distributed.Client(local) as one,
    ):
        yield one


def test_a_part_that_kills_every_worker_is_named(client):
    found = []
    with pytest.raises(ClusterFailed, match=r"lost each time that part 1 .*--resume"):
        found.extend(of_cluster.spread(client, deadly, (), [0, 1]))


@pytest.mark.parametrize("all_gone", [False, True])
def test_workers_that_stand_still_are_named_in_time(client, monkeypatch, all_gone):
    """Paused as at their limit of memory, or gone: said after one look, and the finished part was handed on before."""
    monkeypatch.setattr(of_cluster, "STALLED", 1.0)
    found = of_cluster.spread(client, patient, (), [0, 1])
    assert next(found) == (0, 0)
    if all_gone:
        client.cluster.scale(0)
        client.sync(client.cluster._correct_state)
    else:
        client.run(lambda dask_worker: setattr(dask_worker, "status", distributed.Status.paused))
    begun = time.monotonic()
    with pytest.raises(ClusterFailed, match="no worker is left" if all_gone else "all 1 workers have stood still"):
        next(found)
    assert time.monotonic() - begun < 10
