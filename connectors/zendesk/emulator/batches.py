"""Requests that carry up to 100 records, and the jobs that they queue.

A record that breaks a rule fails alone, inside the job. A parameter of the wrong type is found
before there is a job, and refuses the request with all that it carries.

Source: Zendesk, "Users", "Organizations" and "Job Statuses" (read November 2026); for the check of
parameters its library ``stronger_parameters`` (an id is an integer from 0 to below 2**63) and
https://github.com/zendesk/zendesk_api_client_php/issues/515 (400 for ``user.tags``). Of a record
that fails, the vendor shows a code and a sentence; the exact keys are unconfirmed.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from connectors.zendesk.emulator.account import Account
from connectors.zendesk.emulator.attributes import Kind, typed
from connectors.zendesk.emulator.jobs import MAX_IN_FLIGHT, Job, Result, Task
from connectors.zendesk.emulator.refusals import (
    Refusal,
    invalid_attribute,
    too_many_values,
)
from connectors.zendesk.emulator.wire import MAX_VALUES, Answer, Call

_IDS = range(2**63)


@dataclass(frozen=True, slots=True)
class Batch:
    """What a request wants of several records.

    Args:
        records: Attributes of each; with ``shared``, only what names the record.
        shared: Attributes that all of them get; None if each has its own.
    """

    records: Sequence[Mapping[str, Any]]
    shared: Mapping[str, Any] | None = None


def attributes(body: object, name: str) -> Mapping[str, Any]:
    """The one record of a request body.

    Raises:
        Refusal: 400 if there is none.
    """
    wanted = body.get(name) if isinstance(body, dict) else None
    if not isinstance(wanted, dict):
        raise invalid_attribute(name, "an object")
    return wanted


def batch(call: Call, plural: str, kinds: Mapping[str, Kind]) -> Batch:
    """The records of a request: named in its body, or in its query with shared attributes.

    Raises:
        Refusal: 400, also if one parameter of one record is not of the kind that it must be.
    """
    found = _named(call, plural)
    for record in (*found.records, found.shared or {}):
        typed(record, kinds)
        _check_id(record.get("id"))
    return found


def _check_id(key: object) -> None:
    if key is not None and (isinstance(key, bool) or not isinstance(key, int) or key not in _IDS):
        raise invalid_attribute("id", "an integer")


def _named(call: Call, plural: str) -> Batch:
    if "ids" in call.query:
        named = [{"id": key} for key in call.ids()]
        return Batch(named, attributes(call.body, plural[:-1]))
    if "external_ids" in call.query:
        named_by = [{"external_id": key} for key in call.listed("external_ids")]
        return Batch(named_by, attributes(call.body, plural[:-1]))
    records = call.body.get(plural) if isinstance(call.body, dict) else None
    if not isinstance(records, list) or not all(isinstance(row, dict) for row in records):
        raise invalid_attribute(plural, "an array of objects")
    if len(records) > MAX_VALUES:
        raise too_many_values(MAX_VALUES)
    return Batch(records)


def queue(account: Account, call: Call, job_type: str, tasks: Sequence[Task]) -> Answer:
    """The job that does the work.

    Raises:
        Refusal: 429 ``TooManyJobs``.
    """
    guarded = [_guarded(task, n, n < call.spoiled) for n, task in enumerate(tasks)]
    job = account.jobs.queue(job_type, guarded, account.now())
    return job_answer(account, job)


def job_answer(account: Account, job: Job) -> Answer:
    """The job as it stands now."""
    return Answer({"job_status": job_json(account, job)}, headers=job_headers(account))


def job_json(account: Account, job: Job) -> dict[str, Any]:
    """A job as the API shows it."""
    return job.body(account.url("job_statuses", job.id), account.now())


def job_headers(account: Account) -> dict[str, str]:
    """How many more jobs may be queued."""
    left = MAX_IN_FLIGHT - len(account.jobs.in_flight(account.now()))
    gauge = f"total={MAX_IN_FLIGHT}; remaining={left}; resets=60"
    return {"zendesk-ratelimit-inflight-jobs": gauge}


def _guarded(task: Task, position: int, spoiled: bool) -> Task:
    """The task, whose refusal is a result and not an end."""

    def work() -> Result:
        if spoiled:
            told = "The record could not be processed now"
            return _failed(position, "InternalError", told)
        try:
            result = task()
        except Refusal as refusal:
            return _failed(position, refusal.code(), refusal.prose())
        return result if "action" in result else {"index": position, **result}

    return work


def _failed(position: int, code: str, told: str) -> Result:
    return {
        "index": position,
        "action": "update",
        "success": False,
        "status": "Failed",
        "error": code,
        "details": told,
    }
