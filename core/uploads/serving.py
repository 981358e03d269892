"""Serving what people sent: never run by a browser, only shown or saved."""

import re
from pathlib import PurePosixPath

from django.core.files.storage import default_storage
from django.http import FileResponse, Http404, HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.utils.http import content_disposition_header

from core.uploads.formats import KINDS_BY_TYPE

_RANGE = re.compile(r"bytes=(\d*)-(\d*)")
_POLICY = "default-src 'none'; img-src 'self'; media-src 'self'; sandbox"


def media_response(path: str, *, mimetype: str, filename: str, request: HttpRequest | None = None) -> HttpResponseBase:
    """Return the stored file; with the request, one range of it where the player asks for one.

    Only images, sound and video are shown in place, all else is saved. Raises Http404 for a path outside the
    organizations' folders or a file that is gone.
    """
    if not path.startswith("org/") or ".." in PurePosixPath(path).parts or not default_storage.exists(path):
        raise Http404
    kind = KINDS_BY_TYPE.get(mimetype)
    content_type = mimetype if kind else "application/octet-stream"
    asked = _RANGE.fullmatch(request.headers.get("Range", "")) if request else None
    response = _part(path, content_type, asked) if asked else _whole(path, content_type)
    as_attachment = kind not in ("image", "audio", "video")
    if disposition := content_disposition_header(as_attachment, filename):
        response.headers["Content-Disposition"] = disposition
    return _guarded(response)


def _whole(path: str, content_type: str) -> HttpResponseBase:
    return FileResponse(default_storage.open(path), content_type=content_type)


def _part(path: str, content_type: str, asked: re.Match[str]) -> HttpResponseBase:
    size = default_storage.size(path)
    first, last = _bounds(asked, size)
    if first > last:
        return HttpResponse(status=416, headers={"Content-Range": f"bytes */{size}"})
    with default_storage.open(path) as stored:
        stored.seek(first)
        content = stored.read(last - first + 1)
    headers = {"Content-Range": f"bytes {first}-{last}/{size}"}
    return HttpResponse(content, status=206, content_type=content_type, headers=headers)


def _bounds(asked: re.Match[str], size: int) -> tuple[int, int]:
    first, last = asked.groups()
    if not first:
        return (max(0, size - int(last)), size - 1) if last and int(last) else (1, 0)
    return int(first), min(int(last), size - 1) if last else size - 1


def _guarded(response: HttpResponseBase) -> HttpResponseBase:
    response.headers["X-Content-Type-Options"] = "nosniff"
    response.headers["Content-Security-Policy"] = _POLICY
    response.headers["Cross-Origin-Resource-Policy"] = "same-origin"
    response.headers["Cache-Control"] = "private, max-age=86400"
    response.headers["Accept-Ranges"] = "bytes"
    return response
