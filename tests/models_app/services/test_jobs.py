"""Jobs are rows with a lease."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.db import IntegrityError, transaction
from django.utils import timezone

from models_app.models import Job
from models_app.services.jobs import job_finish, job_heartbeat, job_start, jobs_expire, recorded

pytestmark = pytest.mark.django_db


def test_a_job_runs_with_a_lease_and_ends_without() -> None:
    job = job_start(kind="pull", name="m")
    assert job.state == "running"
    assert job.lease_expires_at is not None
    assert job_heartbeat(job=job, status="pulling", completed_bytes=3, total_bytes=5)
    job_finish(job=job)
    job.refresh_from_db()
    assert (job.state, job.lease_expires_at, job.completed_bytes) == ("succeeded", None, 3)


def test_a_lease_that_ran_out_ends_the_job() -> None:
    job, other = job_start(kind="pull", name="a"), job_start(kind="pull", name="b")
    Job.objects.filter(pk=job.pk).update(lease_expires_at=timezone.now() - timedelta(seconds=1))
    assert jobs_expire() == 1
    job.refresh_from_db()
    other.refresh_from_db()
    assert (job.state, other.state) == ("failed", "running")
    assert not job_heartbeat(job=job)


def test_a_job_ends_once() -> None:
    job = job_start(kind="pull", name="m")
    job_finish(job=job, state="failed", error="why")
    job_finish(job=job)
    job.refresh_from_db()
    assert (job.state, job.error) == ("failed", "why")


def test_an_error_that_is_not_ours_tells_the_row_nothing() -> None:
    def fail() -> None:
        with recorded(kind="pull", name="m", on_progress=lambda _: None, enabled=True):
            raise OSError("/secret/path")

    with pytest.raises(OSError, match="secret"):
        fail()
    assert (Job.objects.get().state, Job.objects.get().error) == ("failed", "internal error")


@pytest.mark.parametrize(
    "changes",
    [{"state": "lost"}, {"kind": "dance"}, {"lease_expires_at": None}, {"finished_at": timezone.now()},
     {"state": "succeeded"}, {"completed_bytes": 2, "total_bytes": 1}, {"completed_bytes": -1}],
)  # fmt: skip
def test_the_database_refuses_a_job_at_odds_with_itself(changes: dict[str, object]) -> None:
    job = job_start(kind="pull", name="m")
    with pytest.raises(IntegrityError), transaction.atomic():
        Job.objects.filter(pk=job.pk).update(**changes)
