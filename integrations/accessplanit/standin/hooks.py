"""Webhooks: noted within the transaction that they tell of, sent after it, in one of several shapes.

That the method goes by the event is seen; the body, the headers and what follows a failure are not public.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final
from urllib.parse import urlencode

import requests

from integrations.accessplanit.standin.faults import Faults
from integrations.accessplanit.standin.memory import Memory
from integrations.exact import to_json

TOKEN_HEADER: Final = "X-Webhook-Token"  # noqa: S105 - the name of a header
TIMEOUT_SECONDS: Final = (5, 20)
_MOST_ANSWER: Final = 500


class Hooks:
    """The webhooks of one platform, within one transaction."""

    def __init__(self, memory: Memory, platform: str) -> None:
        self._memory, self._platform = memory, platform
        self._faults = Faults(memory)

    def tell(self, method: str, module: str, record: Mapping[str, Any]) -> None:
        """Note what happened to a record: POST, PUT or DELETE."""
        url = self._memory.platform(self._platform)["hook_url"]
        if not url:
            return
        shape = str(self._faults.value("hook_shape"))
        address, body = _addressed(url, shape, module), _body(shape, module, record)
        state = self._state()
        for _ in range(2 if self._faults.is_on("hook_twice") else 1):
            self._memory.database.execute(
                "INSERT INTO hooks (platform, method, module, id, url, body, state) VALUES (?, ?, ?, ?, ?, ?, ?)",
                (self._platform, method, module, record["ID"], address, body, state),
            )

    def _state(self) -> str:
        if self._faults.take("hook_lost"):
            return "lost"
        return "held" if self._faults.take("hook_held") else "due"

    def due(self) -> list[dict[str, Any]]:
        """What is to be sent, in order: what was held comes after what is due, the last one first."""
        token = self._memory.platform(self._platform)["hook_token"]
        rows = self._memory.database.execute(
            "SELECT * FROM hooks WHERE platform = ? AND state IN ('due', 'held') ORDER BY position", (self._platform,)
        ).fetchall()
        due = [row for row in rows if row["state"] == "due"]
        held = [row for row in rows if row["state"] == "held"] if due else []
        found = [*due, *reversed(held)]
        for row in found:
            self._memory.database.execute("UPDATE hooks SET state = 'sent' WHERE position = ?", (row["position"],))
        return [{**dict(row), "token": token} for row in found]

    def answered(self, position: int, answer: str) -> None:
        """What came back."""
        self._memory.database.execute(
            "UPDATE hooks SET answer = ? WHERE position = ?", (answer[:_MOST_ANSWER], position)
        )


def sent(hook: Mapping[str, Any]) -> str:
    """Send one, and tell what came back. Never raises for what the other side does or fails to do."""
    is_form = hook["body"] and not hook["body"].startswith(("{", "["))
    headers = {"Content-Type": "application/x-www-form-urlencoded" if is_form else "application/json"}
    if hook["token"]:
        headers[TOKEN_HEADER] = hook["token"]
    with requests.Session() as session:
        session.trust_env = False
        try:
            response = session.request(
                hook["method"],
                hook["url"],
                data=hook["body"].encode(),
                headers=headers,
                timeout=TIMEOUT_SECONDS,
                allow_redirects=False,
            )
        except (requests.RequestException, OSError, ValueError) as error:
            return f"not answered: {type(error).__name__}"
    return f"{response.status_code} {response.text}"


def _addressed(url: str, shape: str, module: str) -> str:
    """Where a body does not name its module, the address does."""
    if shape in ("results", "empty", "form"):
        return f"{url}{'&' if '?' in url else '?'}{urlencode({'module': module.lower()})}"
    return url


def _body(shape: str, module: str, record: Mapping[str, Any]) -> str:
    match shape:
        case "wrapped":
            return to_json({module: {"ID": record["ID"], "Reference": record.get("Reference", "")}})
        case "results":
            return to_json({"results": [{"ID": record["ID"]}]})
        case "form":
            return urlencode({"ID": record["ID"]})
        case "empty":
            return ""
    return to_json({"ID": record["ID"], "Module": module})
