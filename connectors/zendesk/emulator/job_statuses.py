"""Endpoints of background jobs."""

from __future__ import annotations

from connectors.zendesk.emulator.account import Account
from connectors.zendesk.emulator.batches import job_answer, job_headers, job_json
from connectors.zendesk.emulator.wire import Answer, Call


def list_jobs(account: Account, call: Call) -> Answer:
    """The jobs that are still remembered, newest first."""
    jobs = account.jobs.recent(account.now())
    rows = [job_json(account, job) for job in jobs]
    return Answer({"job_statuses": rows}, headers=job_headers(account))


def get_job(account: Account, call: Call) -> Answer:
    """One job."""
    return job_answer(account, account.jobs.find(call.parameters["job_id"], account.now()))


def show_many_jobs(account: Account, call: Call) -> Answer:
    """The jobs of those ids that are still remembered."""
    wanted = set(call.listed("ids"))
    jobs = [job for job in account.jobs.recent(account.now()) if job.id in wanted]
    return Answer({"job_statuses": [job_json(account, job) for job in jobs]})
