"""Files from outside (SEC-04): a short allow-list, decided by name, first bytes and a parse of the whole.

No sniffing library sees a script appended to a picture, so images are written anew and the containers of audio, video
and PDF must account for every byte. What is kept is served from a random name with headers that forbid running it.
"""

from core.uploads.check import SafeUpload, check_upload
from core.uploads.damage import UploadRefusedError
from core.uploads.serving import media_response
from core.uploads.storage import storage_path, store_upload

__all__ = ["SafeUpload", "UploadRefusedError", "check_upload", "media_response", "storage_path", "store_upload"]
