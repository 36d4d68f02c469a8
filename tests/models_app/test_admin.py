"""The admin's pages, through Django's test client, on models that were really pulled."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest
from django.contrib.auth.models import Permission, User
from django.db import connection
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from models_app.entries import ModelEntry
from models_app.errors import StoreBusy
from models_app.models import Blob, Job, ModelInfo, Tag
from models_app.services.copy import model_copy
from models_app.services.delete import model_delete
from models_app.services.pull import model_pull
from models_app.store import blobs
from tests.gguf_files import write_tiny_gguf

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("home")]

TAGS = "admin:models_app_tag_changelist"
HOSTILE = "<img src=x onerror=alert(1)>"


@pytest.fixture
def browser(admin_client: Client) -> Client:
    return admin_client


def add(path: Path, name: str, **changes: object) -> ModelEntry:
    file = write_tiny_gguf(path / f"{name.replace(':', '-')}.gguf", **changes)
    return model_pull(source=str(file), name=name, on_progress=lambda progress: None, cancelled=lambda: False)


def tag_of(entry: ModelEntry) -> Tag:
    return Tag.objects.get(key=entry.name.key)


def page(browser: Client, url: str, **query: str) -> str:
    response = browser.get(url, query)
    assert response.status_code == 200
    return response.content.decode()


def ask_to_delete(browser: Client, *tags: Tag, **confirmed: str) -> str:
    form = {"action": "delete_selected", "_selected_action": [str(tag.pk) for tag in tags], **confirmed}
    response = browser.post(reverse(TAGS), form, follow=True)
    assert response.status_code == 200
    return response.content.decode()


def test_the_list_shows_what_a_model_is(browser: Client, tmp_path: Path) -> None:
    add(tmp_path, "tiny:1b", quantization="Q8_0")
    text = page(browser, reverse(TAGS))
    for shown in ("tiny:1b", "llama", "Q8_0", "2048", "completion"):
        assert shown in text


def test_models_are_found_by_name_and_by_architecture(browser: Client, tmp_path: Path) -> None:
    add(tmp_path, "first:a", seed=1)
    add(tmp_path, "second:b", seed=2)
    assert "second:b" not in page(browser, reverse(TAGS), q="first")
    assert "second:b" in page(browser, reverse(TAGS), q="llama")


def test_models_are_filtered_by_quantization_and_capability(browser: Client, tmp_path: Path) -> None:
    add(tmp_path, "small:a", quantization="Q8_0")
    big = add(tmp_path, "big:b", quantization="F16")
    assert "small:a" not in page(browser, reverse(TAGS), quantization="F16")
    ModelInfo.objects.filter(manifest__tags=tag_of(big)).update(capabilities=["completion", "tools"])
    assert "small:a" not in page(browser, reverse(TAGS), capability="tools")
    assert "small:a" in page(browser, reverse(TAGS), capability="completion")


def test_the_list_takes_as_many_queries_for_ten_models_as_for_one(
    browser: Client, tmp_path: Path, django_assert_max_num_queries: object
) -> None:
    add(tmp_path, "tiny:0")
    for number in range(1, 10):
        model_copy(source="tiny:0", destination=f"tiny:{number}")
    with django_assert_max_num_queries(15):  # type: ignore[operator]
        page(browser, reverse(TAGS))


def test_a_models_page_shows_its_metadata_and_has_nothing_to_change(browser: Client, tmp_path: Path) -> None:
    tag = tag_of(add(tmp_path, "tiny:1b", licence="Do what you like."))
    text = page(browser, reverse("admin:models_app_tag_change", args=(tag.pk,)))
    for shown in (tag.manifest_id, "llama.context_length", "Do what you like.", "im_start"):
        assert shown in text
    assert 'name="_save"' not in text


def test_rows_are_neither_added_nor_changed_by_hand(browser: Client, tmp_path: Path) -> None:
    tag = tag_of(add(tmp_path, "tiny:1b"))
    for model in ("tag", "blob", "job"):
        assert browser.get(reverse(f"admin:models_app_{model}_add")).status_code == 403
    change = browser.post(reverse("admin:models_app_tag_change", args=(tag.pk,)), {"model": "other"})
    assert change.status_code == 403
    blob = Blob.objects.first()
    assert blob is not None
    assert browser.post(reverse("admin:models_app_blob_delete", args=(blob.pk,)), {"post": "yes"}).status_code == 403


def test_what_a_file_says_is_escaped_wherever_it_is_shown(browser: Client, tmp_path: Path) -> None:
    tag = tag_of(add(tmp_path, "tiny:1b", licence=HOSTILE, chat_template=HOSTILE, extra={"general.author": HOSTILE}))
    Tag.objects.update(source=HOSTILE)
    ModelInfo.objects.update(architecture=HOSTILE, quantization=HOSTILE, system=HOSTILE, capabilities=[HOSTILE])
    Job.objects.create(kind="pull", name=HOSTILE, error=HOSTILE, state="failed", finished_at=timezone.now())
    urls = [
        reverse(TAGS),
        reverse("admin:models_app_tag_change", args=(tag.pk,)),
        reverse("admin:models_app_tag_delete", args=(tag.pk,)),
        reverse("admin:models_app_blob_changelist"),
        reverse("admin:models_app_job_changelist"),
    ]
    for url in urls:
        assert "<img src=x" not in page(browser, url), url
    assert "&lt;img src=x" in page(browser, urls[1])


def test_a_name_with_html_in_it_is_escaped_even_where_a_row_was_smuggled_in(browser: Client, tmp_path: Path) -> None:
    tag = tag_of(add(tmp_path, "tiny:1b"))
    # The grammar of names allows no such thing; the row is written past it.
    Tag.objects.filter(pk=tag.pk).update(source=HOSTILE, key=HOSTILE)
    assert "<img src=x" not in page(browser, reverse(TAGS))


def test_deleting_one_shows_what_will_be_freed_first(browser: Client, tmp_path: Path) -> None:
    tag = tag_of(add(tmp_path, "tiny:1b"))
    blob = file_of(tag)
    text = page(browser, reverse("admin:models_app_tag_delete", args=(tag.pk,)))
    assert blob.digest in text
    assert "pace that will be freed" in text
    assert Tag.objects.filter(pk=tag.pk).exists()


def test_deleting_one_removes_its_rows_and_its_files(browser: Client, tmp_path: Path) -> None:
    tag = tag_of(add(tmp_path, "tiny:1b"))
    browser.post(reverse("admin:models_app_tag_delete", args=(tag.pk,)), {"post": "yes"})
    assert not Tag.objects.exists()
    assert not Blob.objects.exists()
    assert list(blobs.blobs_dir().glob("sha256-*")) == []


@pytest.mark.django_db(transaction=True)
def test_the_service_deletes_outside_of_any_transaction_of_the_page(
    browser: Client, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    tag = tag_of(add(tmp_path, "tiny:1b"))
    within: list[bool] = []

    def recorded(*, name: str) -> int:
        within.append(connection.in_atomic_block)
        return model_delete(name=name)

    monkeypatch.setattr("models_app.admin.deletion.model_delete", recorded)
    browser.post(reverse("admin:models_app_tag_delete", args=(tag.pk,)), {"post": "yes"})
    tag = tag_of(add(tmp_path, "tiny:1b"))
    ask_to_delete(browser, tag, post="yes")
    assert within == [False, False]


def test_what_another_model_needs_is_not_freed(browser: Client, tmp_path: Path) -> None:
    tag = tag_of(add(tmp_path, "tiny:1b"))
    model_copy(source="tiny:1b", destination="copy:1b")
    blob = file_of(tag)
    assert blob.digest not in page(browser, reverse("admin:models_app_tag_delete", args=(tag.pk,)))
    browser.post(reverse("admin:models_app_tag_delete", args=(tag.pk,)), {"post": "yes"})
    assert [tag.model for tag in Tag.objects.all()] == ["copy"]
    assert Blob.objects.filter(pk=blob.pk).exists()


def test_the_selected_ones_are_deleted_together_after_a_look_at_what_will_be_freed(
    browser: Client, tmp_path: Path
) -> None:
    first, second = tag_of(add(tmp_path, "first:a", seed=1)), tag_of(add(tmp_path, "second:b", seed=2))
    kept = tag_of(add(tmp_path, "kept:c", seed=3))
    text = ask_to_delete(browser, first, second)
    assert file_of(first).digest in text
    assert file_of(kept).digest not in text
    assert Tag.objects.count() == 3
    ask_to_delete(browser, first, second, post="yes")
    assert list(Tag.objects.all()) == [kept]


def test_what_the_service_refuses_is_told_and_nothing_is_called_a_success(
    browser: Client, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def busy(*, name: str) -> int:
        raise StoreBusy("another process holds the store")

    tag = tag_of(add(tmp_path, "tiny:1b"))
    monkeypatch.setattr("models_app.admin.deletion.model_delete", busy)
    text = ask_to_delete(browser, tag, post="yes")
    assert "another process holds the store" in text
    assert "Successfully deleted" not in text
    text = browser.post(
        reverse("admin:models_app_tag_delete", args=(tag.pk,)), {"post": "yes"}, follow=True
    ).content.decode()
    assert "another process holds the store" in text
    assert Tag.objects.filter(pk=tag.pk).exists()


def test_who_may_only_look_can_not_delete(client: Client, tmp_path: Path) -> None:
    tag = tag_of(add(tmp_path, "tiny:1b"))
    viewer = User.objects.create_user("viewer", password="secret", is_staff=True)
    viewer.user_permissions.add(Permission.objects.get(codename="view_tag"))
    client.force_login(viewer)
    assert "delete_selected" not in page(client, reverse(TAGS))
    assert client.post(reverse("admin:models_app_tag_delete", args=(tag.pk,)), {"post": "yes"}).status_code == 403
    ask_to_delete(client, tag, post="yes")
    assert Tag.objects.filter(pk=tag.pk).exists()


def test_a_deletion_without_the_token_is_refused(browser: Client, tmp_path: Path, admin_user: User) -> None:
    tag = tag_of(add(tmp_path, "tiny:1b"))
    stranger = Client(enforce_csrf_checks=True)
    stranger.force_login(admin_user)
    assert stranger.post(reverse("admin:models_app_tag_delete", args=(tag.pk,)), {"post": "yes"}).status_code == 403
    assert Tag.objects.filter(pk=tag.pk).exists()


def test_blobs_show_their_size_and_the_models_that_need_them(browser: Client, tmp_path: Path) -> None:
    tag = tag_of(add(tmp_path, "tiny:1b"))
    model_copy(source="tiny:1b", destination="copy:1b")
    text = page(browser, reverse("admin:models_app_blob_changelist"))
    assert "copy:1b" in text
    assert reverse("admin:models_app_tag_change", args=(tag.pk,)) in text


def test_blobs_are_filtered_by_whether_a_model_needs_them(browser: Client, tmp_path: Path) -> None:
    add(tmp_path, "tiny:1b")
    loose = Blob.objects.create(digest="sha256:" + "ab" * 32, size_bytes=7)
    unused = page(browser, reverse("admin:models_app_blob_changelist"), used="no")
    assert loose.digest[7:19] in unused
    assert "tiny:1b" not in unused
    assert loose.digest[7:19] not in page(browser, reverse("admin:models_app_blob_changelist"), used="yes")


def test_a_blobs_page_shows_its_whole_digest(browser: Client, tmp_path: Path) -> None:
    blob = file_of(tag_of(add(tmp_path, "tiny:1b")))
    assert blob.digest in page(browser, reverse("admin:models_app_blob_change", args=(blob.pk,)))


def test_jobs_show_how_far_they_are_and_what_went_wrong(browser: Client) -> None:
    now = timezone.now()
    Job.objects.create(
        kind="pull", name="big:70b", completed_bytes=25, total_bytes=100, lease_expires_at=now + timedelta(minutes=1)
    )
    Job.objects.create(kind="pull", name="lost:1b", state="failed", error="no such host", finished_at=now)
    text = page(browser, reverse("admin:models_app_job_changelist"))
    assert "25% of 100 B" in text
    assert "no such host" in text
    assert "big:70b" not in page(browser, reverse("admin:models_app_job_changelist"), state__exact="failed")


def test_accounts_have_their_pages(browser: Client) -> None:
    assert "admin" in page(browser, reverse("admin:auth_user_changelist"))
    page(browser, reverse("admin:auth_user_add"))


def test_a_stranger_is_sent_to_the_login(client: Client) -> None:
    response = client.get(reverse(TAGS))
    assert response.status_code == 302
    assert response["Location"].startswith(reverse("admin:login"))


def file_of(tag: Tag) -> Blob:
    return ModelInfo.objects.get(manifest=tag.manifest).model_blob
