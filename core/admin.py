from django.db.models import Model
from django.http import HttpRequest


class LookOnly:
    """Staff look, on lists, pages and rows within pages; what changes things goes through their services."""

    def has_add_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False
