"""Background jobs: queued, working, completed; one result per record; forgotten after a while.

Source: Zendesk, "Job Statuses" and "Rate limits: Job limit" (read November 2026). The vendor says
that a job's status is kept for an hour in one place and for a day in another; here it is an hour.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from threading import Lock
from typing import Any

from connectors.zendesk.emulator.refusals import not_found, too_many_jobs

KEPT = timedelta(hours=1)
MAX_IN_FLIGHT = 30
KEPT_AT_MOST = 100

Result = dict[str, Any]
Task = Callable[[], Result]
"""Does the work for one record and says how it went."""


@dataclass
class Job:
    """One job.

    Args:
        id: Its name.
        type: Zendesk's word for the kind of work.
        tasks: The work that is left, one task per record.
        queued_at: When it was asked for.
        starts_at: When it leaves the queue.
        ends_at: When it is done, all at once.
    """

    id: str
    type: str
    tasks: Sequence[Task]
    queued_at: datetime
    starts_at: datetime
    ends_at: datetime
    results: list[Result] = field(default_factory=list)
    done: bool = False

    def status(self, now: datetime) -> str:
        """``queued``, ``working`` or ``completed``."""
        if self.done:
            return "completed"
        return "working" if now >= self.starts_at else "queued"

    def body(self, url: str, now: datetime) -> dict[str, Any]:
        """The job as the API shows it."""
        status = self.status(now)
        message = f"Completed at {self.ends_at:%Y-%m-%d %H:%M:%S} +0000" if self.done else None
        return {
            "id": self.id,
            "job_type": self.type,
            "url": url,
            "total": len(self.tasks),
            "progress": len(self.results) if status != "queued" else None,
            "status": status,
            "message": message,
            "results": self.results if self.done else None,
        }


def _is_kept(job: Job, now: datetime) -> bool:
    return now - job.queued_at < KEPT


class JobDesk:
    """The account's jobs.

    Args:
        seconds: How long a job waits in the queue, and then again how long it works.
    """

    def __init__(self, seconds: float) -> None:
        self._pause = timedelta(seconds=seconds)
        self._jobs: dict[str, Job] = {}
        self._made = 0
        # Whoever looks at the effects from another thread than the server's settles jobs too.
        self._lock = Lock()

    def queue(self, job_type: str, tasks: Sequence[Task], now: datetime) -> Job:
        """The new job.

        Raises:
            Refusal: 429 ``TooManyJobs``.
        """
        if len(current := self.in_flight(now)) >= MAX_IN_FLIGHT:
            raise too_many_jobs(job_type, [job.id for job in current])
        self._jobs = {k: j for k, j in self._jobs.items() if not j.done or _is_kept(j, now)}
        self._made += 1
        name = hashlib.sha256(f"job:{self._made}".encode()).hexdigest()[:32]
        starts = now + self._pause
        job = Job(name, job_type, tasks, now, starts, starts + self._pause)
        self._jobs[name] = job
        return job

    def in_flight(self, now: datetime) -> list[Job]:
        """Jobs that are queued or working."""
        self.run(now)
        return [job for job in self._jobs.values() if not job.done]

    def run(self, now: datetime) -> None:
        """Do the work of every job whose time has come, in the order in which they were asked."""
        with self._lock:
            for job in list(self._jobs.values()):
                if not job.done and now >= job.ends_at:
                    job.results = [task() for task in job.tasks]
                    job.done = True

    def find(self, name: str, now: datetime) -> Job:
        """The job of that id.

        Raises:
            Refusal: 404 if there never was one, or not any more.
        """
        job = next((job for job in self.recent(now) if job.id == name), None)
        if job is None:
            raise not_found()
        return job

    def recent(self, now: datetime) -> list[Job]:
        """The jobs that are still remembered, newest first."""
        kept = [job for job in self._jobs.values() if _is_kept(job, now)]
        return kept[: -KEPT_AT_MOST - 1 : -1]
