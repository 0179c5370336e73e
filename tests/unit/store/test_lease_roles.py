"""Leases of one process's different works: they wait for one another; none outlives the process."""

from __future__ import annotations

import subprocess
import sys

import pytest
from sqlalchemy import update

from hub.core.errors import LeaseLost, StopRun
from hub.store import leases, schema

NAME = "sync:crm/people"


def test_another_role_of_this_process_does_not_take_over(store):
    """A delivery being stored is not fenced off by a pull of the same process, nor the reverse."""
    held = leases.acquire(store, NAME, leases.this_process("webhooks"))

    with pytest.raises(StopRun):
        leases.acquire(store, NAME)

    with store.write() as connection:
        leases.renew(connection, held, 0)


def test_the_same_work_of_a_process_takes_over_from_itself(store):
    """What an earlier run of it left behind is fenced off."""
    left = leases.acquire(store, NAME)

    leases.acquire(store, NAME)

    with pytest.raises(LeaseLost), store.write() as connection:
        leases.renew(connection, left, 0)


def test_a_patient_one_waits_until_the_lease_is_free(store, clock):
    """It looks again and again, and has the lease as soon as it was released."""
    held = leases.acquire(store, NAME, leases.this_process("webhooks"))
    waited = []

    def sleep(seconds: float) -> None:
        waited.append(seconds)
        if len(waited) == 3:
            leases.release(store, held)

    clock.sleep = sleep
    leases.acquire(store, NAME, patience=2.0)

    assert waited == [leases.RETRY_SECONDS] * 3


def test_patience_ends(store, clock):
    """A lease that is not released is refused in the end, as without patience."""
    leases.acquire(store, NAME, leases.this_process("webhooks"))
    began = clock.now()

    with pytest.raises(StopRun):
        leases.acquire(store, NAME, patience=2.0)

    assert (clock.now() - began).total_seconds() == pytest.approx(2.0)


def test_a_role_of_a_process_that_is_gone_holds_nothing(store):
    """Its process number is looked at behind the role: the work goes on at once."""
    leases.acquire(store, NAME, leases.this_process("webhooks"))
    ended = subprocess.Popen([sys.executable, "-c", ""])
    ended.wait()
    host = leases.this_process().rpartition(":")[0]
    with store.write() as connection:
        connection.execute(update(schema.leases).values(holder=f"webhooks@{host}:{ended.pid}"))

    assert leases.acquire(store, NAME).fence == 2
