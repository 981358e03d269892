import io
import re
from datetime import UTC, datetime
from pathlib import Path
from uuid import uuid4

import pytest
from django.core.files.storage import default_storage
from django.core.files.uploadedfile import SimpleUploadedFile
from django.http import Http404
from django.test import RequestFactory
from django.test.utils import override_settings
from django.utils.translation import override
from hypothesis import example, given, settings
from hypothesis import strategies as st
from PIL import Image
from PIL.PngImagePlugin import PngInfo

from core.uploads import SafeUpload, UploadRefusedError, check_upload, media_response, storage_path, store_upload
from core.uploads.formats import LIMITS, MEGABYTE
from tests.core.media import BAD, GOOD, PROGRAM, SCRIPT, image, mp4, ogg, pdf

ORGANIZATION = "0190a0a0-0000-7000-8000-000000000001"


@pytest.mark.parametrize("name", GOOD)
def test_takes_every_listed_format(name: str) -> None:
    make, mimetype, kind = GOOD[name]
    upload = check_upload(SimpleUploadedFile(name, make()))
    assert (upload.mimetype, upload.kind) == (mimetype, kind)
    assert re.fullmatch(r"[0-9a-f]{32}\.[a-z0-9]{3,4}", upload.uuid_name)
    assert upload.filename.rsplit(".", 1)[1] == upload.uuid_name.rsplit(".", 1)[1]
    if kind != "image":
        assert upload.data == make()


@pytest.mark.parametrize("case", BAD)
def test_refuses_in_words_what_may_not_be_kept(case: str) -> None:
    name, make = BAD[case]
    with override("en"), pytest.raises(UploadRefusedError) as refusal:
        check_upload(make(), filename=name)
    assert refusal.value.message.endswith(".")
    assert refusal.value.status == 422


def test_there_are_at_least_fifty_hostile_files() -> None:
    assert len(BAD) >= 50


@pytest.mark.parametrize("image_format", ["JPEG", "PNG", "GIF", "WEBP", "BMP"])
@pytest.mark.parametrize("payload", [SCRIPT, PROGRAM, b"PK\x03\x04" + bytes(40)])
def test_what_hides_behind_a_picture_is_gone(image_format: str, payload: bytes) -> None:
    upload = check_upload(image(image_format) + payload, filename=f"a.{image_format.lower()}")
    assert payload not in upload.data
    with Image.open(io.BytesIO(upload.data)) as picture:
        assert picture.size == (32, 24)


def test_exif_comments_and_profiles_are_gone_and_the_picture_stands_upright() -> None:
    exif = Image.Exif()
    exif[0x0112], exif[0x010E] = 6, "CANARY"
    original = image("JPEG", (40, 20), exif=exif.tobytes(), comment=b"CANARY", icc_profile=b"CANARY" * 20)
    assert b"CANARY" in original
    upload = check_upload(original, filename="a.jpg")
    assert b"CANARY" not in upload.data
    with Image.open(io.BytesIO(upload.data)) as picture:
        assert picture.size == (20, 40)
        assert not picture.getexif()


def test_comments_of_png_and_gif_are_gone() -> None:
    note = PngInfo()
    note.add_text("Comment", "CANARY")
    for name, data in (("a.png", image("PNG", pnginfo=note)), ("a.gif", image("GIF", mode="P", comment=b"CANARY"))):
        assert b"CANARY" in data
        assert b"CANARY" not in check_upload(data, filename=name).data


def test_an_animation_keeps_its_frames() -> None:
    for name in ("anima.gif", "figurinha.webp"):
        with Image.open(io.BytesIO(check_upload(GOOD[name][0](), filename=name).data)) as picture:
            assert picture.n_frames == 3  # type: ignore[attr-defined]


def test_a_transparent_palette_stays_transparent() -> None:
    out = io.BytesIO()
    Image.new("P", (4, 4), 0).save(out, "PNG", transparency=0)
    with Image.open(io.BytesIO(check_upload(out.getvalue(), filename="a.png").data)) as picture:
        assert picture.convert("RGBA").getpixel((0, 0))[3] == 0  # type: ignore[index]


def padded(name: str, size: int) -> bytes:
    """A valid file of exactly that many bytes."""
    if name.endswith(".mp4"):
        film = mp4()
        return film + (size - len(film)).to_bytes(4) + b"free" + bytes(size - len(film) - 8)
    if name.endswith(".pdf"):
        return pdf(b"%" + b"x" * (size - len(pdf()) - 2) + b"\n") if size < 100 else _padded_pdf(size)
    page = ogg()
    return page + _ogg_pages(size - len(page))


def _padded_pdf(size: int) -> bytes:
    length = size - len(pdf())
    for extra in range(length - 10, length + 1):
        if len(found := pdf(b"%" + b"x" * (extra - 2) + b"\n")) == size:
            return found
    raise AssertionError("no such size")


def _ogg_pages(size: int) -> bytes:
    whole = b"OggS\0" + bytes(21) + bytes([255]) + b"\xff" * 255 + bytes(255 * 255)
    count, rest = divmod(size, len(whole))
    while 0 < rest < 29:
        count, rest = count - 1, rest + len(whole)
    tail = b""
    while rest:
        body = min(rest - 28, 255) if rest - 28 <= 255 or rest - 28 - 255 >= 29 else 200
        tail += b"OggS\0" + bytes(21) + bytes([1, body]) + bytes(body)
        rest -= 28 + body
    return whole * count + tail


@pytest.mark.parametrize(("name", "kind"), [("a.mp4", "video"), ("a.pdf", "document"), ("a.ogg", "audio")])
def test_a_file_at_its_limit_passes_and_one_byte_more_does_not(name: str, kind: str) -> None:
    limit = LIMITS[kind]  # type: ignore[index]
    for size in (limit - 1, limit):
        data = padded(name, size)
        assert len(data) == size
        assert check_upload(data, filename=name).data == data
    with override("en"), pytest.raises(UploadRefusedError, match=f"limit is {limit // MEGABYTE} MB"):
        check_upload(padded(name, limit + 1), filename=name)


def test_a_picture_over_ten_megabytes_is_refused_before_it_is_opened() -> None:
    with override("en"), pytest.raises(UploadRefusedError, match="limit is 10 MB"):
        check_upload(image("PNG") + bytes(10 * MEGABYTE), filename="a.png")


def test_a_lying_length_changes_nothing() -> None:
    upload = SimpleUploadedFile("a.jpg", b"")
    upload.size = 10**9
    with pytest.raises(UploadRefusedError):
        check_upload(upload)
    small = SimpleUploadedFile("a.png", image("PNG") + bytes(11 * MEGABYTE))
    small.size = 10
    with pytest.raises(UploadRefusedError):
        check_upload(small)


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("foto.JPG", "foto.jpg"),
        ("../../etc/cron.d/x.jpg", "x.jpg"),
        ("C:\\Users\\a\\foto.jpg", "foto.jpg"),
        ("..\\..\\x.jpg", "x.jpg"),
        ("a\r\nSet-Cookie: x.jpg", "aSet-Cookie_ x.jpg"),
        ("\u202egpj.exe.jpg", "gpj.exe.jpg"),
        ("a.php.jpg", "a.php.jpg"),
        ('"><img src=x>.jpg', "_img src=x_.jpg"),
        (".jpg", "image.jpg"),
        ("....jpg", "image.jpg"),
        ("  espaço .jpg", "espaço.jpg"),
        ("a" * 300 + ".jpg", "a" * 120 + ".jpg"),
        ("cão\u0301.jpg", "cãó.jpg"),
        ("CON.jpg", "CON.jpg"),
        ("~/.ssh/id.jpg", "id.jpg"),
    ],
)
def test_names_are_for_showing_only(name: str, shown: str) -> None:
    upload = check_upload(image("JPEG"), filename=name)
    assert upload.filename == shown
    assert re.fullmatch(r"[0-9a-f]{32}\.jpg", upload.uuid_name)


def test_a_media_type_names_a_file_that_has_no_extension() -> None:
    assert check_upload(ogg(), content_type="audio/ogg; codecs=opus").filename == "audio.ogg"
    assert check_upload(image("JPEG"), filename="foto", content_type="image/jpeg").filename == "foto.jpg"
    with pytest.raises(UploadRefusedError):
        check_upload(b"<html>", filename="foto", content_type="text/html")
    with pytest.raises(UploadRefusedError):
        check_upload(PROGRAM, filename="foto", content_type="image/jpeg")


@settings(max_examples=300, deadline=None)
@given(st.sampled_from(sorted(GOOD)), st.data())
def test_any_damaged_file_is_kept_safe_or_refused(name: str, data: st.DataObject) -> None:
    original = GOOD[name][0]()
    place = data.draw(st.integers(0, len(original) - 1))
    broken = original[:place] + data.draw(st.binary(max_size=8)) + original[place + data.draw(st.integers(0, 8)) :]
    try:
        upload = check_upload(broken, filename=name)
    except UploadRefusedError:
        return
    assert isinstance(upload, SafeUpload)


@settings(max_examples=300, deadline=None)
@example(b"OggS\0", "a.ogg")
@given(
    st.binary(max_size=300), st.sampled_from(["a.jpg", "a.png", "a.mp4", "a.ogg", "a.mp3", "a.webm", "a.pdf", "a.aac"])
)
def test_random_bytes_are_refused(data: bytes, name: str) -> None:
    with pytest.raises(UploadRefusedError):
        check_upload(data, filename=name)


def test_files_are_kept_under_their_organization(tmp_path: Path) -> None:
    upload = check_upload(pdf(), filename="Contrato.pdf")
    at = datetime(2026, 11, 20, tzinfo=UTC)
    assert storage_path(ORGANIZATION, upload, at) == f"org/{ORGANIZATION}/2026/11/{upload.uuid_name}"
    with override_settings(MEDIA_ROOT=tmp_path):
        path = store_upload(ORGANIZATION, upload)
        assert path.startswith(f"org/{ORGANIZATION}/")
        assert (tmp_path / path).read_bytes() == pdf()


@pytest.fixture
def kept(tmp_path: Path):  # type: ignore[no-untyped-def]
    with override_settings(MEDIA_ROOT=tmp_path):
        yield lambda name, data: default_storage.save(f"org/{uuid4()}/{name}", io.BytesIO(data))


@pytest.mark.parametrize(
    ("mimetype", "sent_as", "disposition"),
    [
        ("image/png", "image/png", 'inline; filename="a.bin"'),
        ("audio/ogg", "audio/ogg", 'inline; filename="a.bin"'),
        ("video/mp4", "video/mp4", 'inline; filename="a.bin"'),
        ("application/pdf", "application/pdf", 'attachment; filename="a.bin"'),
        ("text/html", "application/octet-stream", 'attachment; filename="a.bin"'),
        ("image/svg+xml", "application/octet-stream", 'attachment; filename="a.bin"'),
        ("image/png\r\nX: y", "application/octet-stream", 'attachment; filename="a.bin"'),
    ],
)
def test_files_are_served_so_that_no_browser_runs_them(kept, mimetype: str, sent_as: str, disposition: str) -> None:  # type: ignore[no-untyped-def]
    response = media_response(kept("a.bin", b"conteudo"), mimetype=mimetype, filename="a.bin")
    assert b"".join(response) == b"conteudo"
    headers = response.headers
    assert headers["Content-Type"] == sent_as
    assert headers["Content-Disposition"] == disposition
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["Content-Security-Policy"] == "default-src 'none'; img-src 'self'; media-src 'self'; sandbox"
    assert headers["Cache-Control"].startswith("private")


@pytest.mark.parametrize(
    "path", ["org/x/none.jpg", "../settings.py", "org/../../etc/passwd", "/etc/passwd", "", "org/"]
)
def test_only_kept_files_are_served(kept, path: str) -> None:  # type: ignore[no-untyped-def]
    with pytest.raises(Http404):
        media_response(path, mimetype="image/png", filename="x")


@pytest.mark.parametrize(
    ("asked", "status", "content", "part"),
    [
        ("bytes=0-3", 206, b"0123", "bytes 0-3/10"),
        ("bytes=4-", 206, b"456789", "bytes 4-9/10"),
        ("bytes=-3", 206, b"789", "bytes 7-9/10"),
        ("bytes=8-99", 206, b"89", "bytes 8-9/10"),
        ("bytes=10-", 416, b"", "bytes */10"),
        ("bytes=5-2", 416, b"", "bytes */10"),
        ("bytes=-0", 416, b"", "bytes */10"),
        ("bytes=0-1,3-4", 200, b"0123456789", None),
        ("lines=1", 200, b"0123456789", None),
        ("", 200, b"0123456789", None),
    ],
)
def test_players_may_ask_for_a_part(kept, asked: str, status: int, content: bytes, part: str | None) -> None:  # type: ignore[no-untyped-def]
    request = RequestFactory().get("/", headers={"Range": asked})
    response = media_response(kept("a.mp4", b"0123456789"), mimetype="video/mp4", filename="a.mp4", request=request)
    assert (response.status_code, b"".join(response), response.headers.get("Content-Range")) == (status, content, part)
