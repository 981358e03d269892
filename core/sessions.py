"""Sessions as Django keeps them, in the database with Redis before it."""

from django.contrib.sessions.backends import cached_db


class SessionStore(cached_db.SessionStore):
    """Takes no key that none of ours could be: a cookie may hold anything, and NUL for one is nothing that PostgreSQL reads."""

    def _validate_session_key(self, key: str | None) -> bool:
        return bool(super()._validate_session_key(key)) and key.isascii() and key.isalnum()  # type: ignore[misc, union-attr]
