"""Long actions as rows: who works on one renews its lease; a lease that ran out was left by a dead process."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Iterator
from datetime import timedelta

from django.utils import timezone

from models_app.errors import CatalogError, TransferCancelled
from models_app.models import Job
from models_app.progress import OnProgress, Progress

LEASE_SECONDS = 60.0
HEARTBEAT_SECONDS = 2.0


def job_start(*, kind: str, name: str) -> Job:
    """A running job with a fresh lease; jobs that dead processes left behind are ended on the way."""
    jobs_expire()
    now = timezone.now()
    return Job.objects.create(
        kind=kind, name=name[:2048], heartbeat_at=now, lease_expires_at=now + timedelta(seconds=LEASE_SECONDS)
    )


def job_heartbeat(*, job: Job, status: str = "", completed_bytes: int = 0, total_bytes: int = 0) -> bool:
    """Renews the lease and stores the progress; False when the job isn't running any more (its lease was taken)."""
    now = timezone.now()
    changed = Job.objects.filter(pk=job.pk, state=Job.State.RUNNING).update(
        status=status[:255],
        completed_bytes=completed_bytes,
        total_bytes=total_bytes if total_bytes >= completed_bytes else 0,
        heartbeat_at=now,
        lease_expires_at=now + timedelta(seconds=LEASE_SECONDS),
    )
    return changed == 1


def job_finish(*, job: Job, state: str = Job.State.SUCCEEDED, error: str = "") -> None:
    """Ends a running job; one that has ended stays as it is."""
    now = timezone.now()
    Job.objects.filter(pk=job.pk, state=Job.State.RUNNING).update(
        state=state, error=error, finished_at=now, heartbeat_at=now, lease_expires_at=None
    )


def jobs_expire() -> int:
    """Marks jobs whose lease ran out as failed; how many."""
    now = timezone.now()
    return Job.objects.filter(state=Job.State.RUNNING, lease_expires_at__lt=now).update(
        state=Job.State.FAILED, error="the process that ran it is gone", finished_at=now, lease_expires_at=None
    )


@contextlib.contextmanager
def recorded(*, kind: str, name: str, on_progress: OnProgress, enabled: bool) -> Iterator[OnProgress]:
    """An ``on_progress`` that also keeps a Job row, where ``enabled``; the job ends as the block does."""
    if not enabled:
        yield on_progress
        return
    job = job_start(kind=kind, name=name)
    try:
        yield _Recorder(job, on_progress)
    except TransferCancelled:
        job_finish(job=job, state=Job.State.CANCELLED)
        raise
    except CatalogError as error:
        job_finish(job=job, state=Job.State.FAILED, error=str(error))
        raise
    except BaseException:
        # Its text may hold a path: the row gets none of it.
        job_finish(job=job, state=Job.State.FAILED, error="internal error")
        raise
    job_finish(job=job)


class _Recorder:
    """Passes progress on and stores it every two seconds. One thread."""

    def __init__(self, job: Job, on_progress: OnProgress) -> None:
        self._job = job
        self._on_progress = on_progress
        self._next_seconds = 0.0

    def __call__(self, progress: Progress) -> None:
        self._on_progress(progress)
        if time.monotonic() < self._next_seconds:
            return
        self._next_seconds = time.monotonic() + HEARTBEAT_SECONDS
        job_heartbeat(
            job=self._job,
            status=progress.status,
            completed_bytes=progress.completed,
            total_bytes=progress.total,
        )
