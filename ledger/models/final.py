"""Rows that are written once. PostgreSQL refuses changes by trigger as well (migration `0002_final_entries`)."""

from __future__ import annotations

from typing import Any, NoReturn, TypeVar

from django.db import models

ModelT_co = TypeVar("ModelT_co", bound=models.Model, covariant=True)


class EntryIsFinal(TypeError):
    """A posted entry or one of its lines was about to be changed or deleted. Reverse the entry instead."""


def refuse(*_: Any, **__: Any) -> NoReturn:
    """Raise `EntryIsFinal`."""
    raise EntryIsFinal("Posted entries are never changed or deleted; reverse the entry instead.")


class FinalQuerySet(models.QuerySet[ModelT_co]):
    """Reads and inserts; refuses what would change rows in bulk."""

    def update(self, **kwargs: Any) -> NoReturn:
        """Raises `EntryIsFinal`."""
        refuse(kwargs)

    def bulk_update(self, *args: Any, **kwargs: Any) -> NoReturn:
        """Raises `EntryIsFinal`."""
        refuse(args, kwargs)

    def delete(self) -> NoReturn:
        """Raises `EntryIsFinal`."""
        refuse()


class Final(models.Model):
    """A row that can be inserted and read, nothing else."""

    class Meta:
        abstract = True

    def save(self, *args: Any, **kwargs: Any) -> None:
        """Insert the row. Raises `EntryIsFinal` for one that is there already."""
        if not self._state.adding:
            refuse()
        # Without it, Django would first try an UPDATE for a fresh object that was given an existing primary key.
        super().save(*args, **{**kwargs, "force_insert": True})

    def delete(self, *args: Any, **kwargs: Any) -> NoReturn:
        """Raises `EntryIsFinal`."""
        refuse(args, kwargs)
