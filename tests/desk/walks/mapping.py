"""The pages of codes and their rules."""

from __future__ import annotations

from typing import Final

from tests.desk.walks import Walk

WALK: Final = Walk(
    company_pages={
        "mapping-rules": (),
        "mapping-codes": (),
        "mapping-known": (),
        "mapping-look-up": (),
        "mapping-import": (),
        "mapping-import-take": (),
        "mapping-export": (),
    },
    actions=frozenset({"mapping-look-up", "mapping-import-take"}),
    no_page=frozenset({"mapping-export", "mapping-known"}),
)
