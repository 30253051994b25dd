"""Test databases come and go under one name: what is kept open of the last one must not outlive it."""

from __future__ import annotations

from typing import Any

from django.db.backends.sqlite3 import creation

from portal.sqlite.kept import kept


class DatabaseCreation(creation.DatabaseCreation):
    """Django's, which removes files."""

    def create_test_db(self, *args: Any, **kwargs: Any) -> str:
        """Django's, with nothing kept of an older file."""
        kept.close()
        return super().create_test_db(*args, **kwargs)

    def destroy_test_db(self, *args: Any, **kwargs: Any) -> None:
        """Django's, and nothing of the file stays open."""
        super().destroy_test_db(*args, **kwargs)
        kept.close()
