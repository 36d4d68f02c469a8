"""Reference-counted removal of what no name leads to. Rows go first, files only after the rows are committed."""

from __future__ import annotations

from collections.abc import Iterable

from models_app.digests import Digest
from models_app.models import Blob, Manifest
from models_app.store import blobs


def manifests_collect(digests: Iterable[str]) -> list[Digest]:
    """Deletes those of the manifests that have no tag, and the rows of blobs that no layer needs then.

    Returns the blobs whose files are free to go. Needs the store lock and a transaction.
    """
    loose = list(Manifest.objects.filter(digest__in=list(digests), tags=None).values_list("digest", flat=True))
    needed_by = Blob.objects.filter(layers__manifest__in=loose).values_list("digest", flat=True)
    candidates = set(needed_by)
    Manifest.objects.filter(digest__in=loose).delete()
    unused = Blob.objects.filter(digest__in=candidates, layers=None, model_of=None)
    freed = [Digest.parse(digest) for digest in unused.values_list("digest", flat=True)]
    Blob.objects.filter(digest__in=[str(digest) for digest in freed]).delete()
    return freed


def blobs_unlink(digests: Iterable[Digest]) -> int:
    """Removes the files; the bytes that came free. Needs the store lock. A crash halfway leaves files for the check."""
    return sum(blobs.blob_unlink(digest) for digest in digests)
