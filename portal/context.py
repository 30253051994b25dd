"""Which request, company, delivery and posting the code at hand works for. Doors set it; every log line carries it.

It stands outside the rooms so that every room may set it and none needs to know `operations`, which reads it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from types import MappingProxyType

_NOTHING: Mapping[str, str] = MappingProxyType({})
_ids: ContextVar[Mapping[str, str]] = ContextVar("ids", default=_NOTHING)


@contextmanager
def bound(**ids: object) -> Iterator[None]:
    """Within the block, log lines name these ids (`posting_id=7`) beside those that were bound outside of it."""
    token = _ids.set({**_ids.get(), **{name: str(value) for name, value in ids.items()}})
    try:
        yield
    finally:
        _ids.reset(token)


def ids() -> dict[str, str]:
    """The ids of this moment, by name, the outermost first."""
    return dict(_ids.get())
