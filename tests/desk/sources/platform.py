"""A running stand-in for accessplanit, and a form that leads to it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import requests

from integrations.accessplanit.sandbox import FIRST, build
from integrations.sandbox import Server, Store
from portal.connections.registry import source

KEY = "api-key-for-the-tests-of-pages"


@dataclass(frozen=True)
class Platform:
    """Northgate Training over there, with the sales of the stand-in."""

    url: str

    @property
    def base_url(self) -> str:
        """As it stands in the browser."""
        return f"{self.url}/{FIRST}/accessplansandbox"

    @property
    def settings(self) -> dict[str, str]:
        """What the form of a connection holds."""
        defaults = {one.key: one.default for one in source("accessplanit").metadata.settings if not one.secret}
        return {**defaults, "base_url": self.base_url}

    def form(self, key: str = KEY, **changes: str) -> dict[str, str]:
        """The same as a browser sends it."""
        fields = {f"setting__{name}": value for name, value in {**self.settings, **changes}.items()}
        return {**fields, "secret__api_key": key, "secret__password": ""}

    def change(self, **members: object) -> None:
        """Of the platform: `hidden` is a list of modules."""
        self.tell("PUT", f"/control/platforms/{FIRST}", **members)

    def invoices(self) -> list[dict[str, Any]]:
        """Those that there are."""
        found: list[dict[str, Any]] = requests.get(
            f"{self.url}/control/platforms/{FIRST}/records/Invoice", timeout=10
        ).json()["results"]
        return found

    def tell(self, verb: str, path: str, /, **body: object) -> Any:
        """Something that people or scripts do there."""
        answer = requests.request(verb, self.url + path, json=body, timeout=10)
        answer.raise_for_status()
        return answer.json()


@contextmanager
def running(directory: Path) -> Iterator[Platform]:
    """The stand-in on a port of its own."""
    with Server(build(Store("accessplanit", directory))) as server:
        platform = Platform(server.url)
        platform.change(api_key=KEY)
        yield platform
