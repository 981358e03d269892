"""Forms with a file, as bytes: adapters make no request themselves."""

import base64
import hashlib
import re
from collections.abc import Mapping

from gateways.contract import OutgoingMedia

_ODD = re.compile(r'[\r\n"\\]')


def form_with_file(fields: Mapping[str, str], name: str, media: OutgoingMedia) -> tuple[bytes, str]:
    """Return the body of a form with one file, and its content type."""
    data = base64.b64decode(media.data_base64)
    # The digest of the file is a mark that the file cannot contain by chance.
    mark = f"prosa-{hashlib.sha256(data).hexdigest()[:32]}"
    parts = [
        f'--{mark}\r\nContent-Disposition: form-data; name="{key}"\r\n\r\n{value}\r\n' for key, value in fields.items()
    ]
    filename = _ODD.sub("_", media.filename or "file")
    head = f'--{mark}\r\nContent-Disposition: form-data; name="{name}"; filename="{filename}"\r\n'
    kind = f"Content-Type: {_ODD.sub('', media.mimetype)}\r\n\r\n"
    body = "".join([*parts, head, kind]).encode() + data + f"\r\n--{mark}--\r\n".encode()
    return body, f"multipart/form-data; boundary={mark}"
