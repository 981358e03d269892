from datetime import datetime
from uuid import UUID

from django.core.files.base import ContentFile
from django.core.files.storage import default_storage

from core.clock import now
from core.uploads.check import SafeUpload


def storage_path(organization_id: UUID | str, upload: SafeUpload, at: datetime | None = None) -> str:
    """Return where a file is kept: ``org/<id>/<year>/<month>/<uuid>.<ext>``."""
    return f"org/{organization_id}/{at or now():%Y/%m}/{upload.uuid_name}"


def store_upload(organization_id: UUID | str, upload: SafeUpload) -> str:
    """Keep the file and return its path in the default storage."""
    return default_storage.save(storage_path(organization_id, upload), ContentFile(upload.data))
