"""Somebody of the staff at the portal's own pages: logs in, retries all that needs a person, marks as posted."""

from __future__ import annotations

import re
import threading
import time
from collections import Counter
from collections.abc import Callable, Mapping, Sequence

import requests

WAITS_SECONDS = 10
WHY = "Once more."
SEEN = "It was looked for in the accounting system itself."
NOTHING, RETRIED, MARKED = "nothing was waiting", "retried", "marked as posted"
# Whoever gets no page loads it again.
TRIES, AGAIN_AFTER_SECONDS = 4, 1.0
WAITING = "/admin/postings/posting/?state=person"
ROWS = re.compile(r'name="_selected_action" value="(\d+)"')
TOKEN = re.compile(r'name="csrfmiddlewaretoken" value="([^"]+)"')


class Staff:
    """One person, who does not read why. `done` counts the clicks, and those that came to nothing.

    Whoever gets no page from one of the `urls` tries the next.
    """

    def __init__(self, urls: Sequence[str], name: str, password: str) -> None:
        self._urls, self._url, self._name, self._password = urls, urls[0], name, password
        self._session = requests.Session()
        self._session.trust_env = False
        self._one_at_a_time = threading.Lock()
        self.done: Counter[str] = Counter()

    def retry_all(self) -> threading.Thread:
        """Begin; what becomes of it is counted."""
        thread = threading.Thread(target=self._try, daemon=True)
        thread.start()
        return thread

    def page(self, path: str) -> requests.Response:
        """A page of the portal, after logging in where that is asked for. Raises `requests.RequestException`."""
        page = self._get(path)
        if "/login/" in page.url:
            self._post(page.url.removeprefix(self._url), page, {"login": self._name, "password": self._password})
            page = self._get(path)
        if "/login/" in page.url:
            raise requests.RequestException("The login did not work.")
        return page

    def mark_posted(self, numbers: Mapping[int, str]) -> None:
        """Mark postings as posted under the numbers that they have in the accounting system; waits until it is done."""
        self._until_done(lambda: MARKED if self._mark(numbers) else NOTHING)

    def _try(self) -> None:
        self._until_done(lambda: RETRIED if self._retry() else NOTHING)

    def _until_done(self, what: Callable[[], str]) -> None:
        """At one server after the other; `what` tells what came of it."""
        with self._one_at_a_time:
            for count in range(TRIES):
                self._url = self._urls[count % len(self._urls)]
                try:
                    done = what()
                except requests.RequestException as error:
                    self.done[type(error).__name__] += 1
                    time.sleep(AGAIN_AFTER_SECONDS)
                else:
                    self.done[done] += 1
                    return

    def _retry(self) -> int:
        page = self.page(WAITING)
        chosen = ROWS.findall(page.text)
        if chosen:
            asked = {"action": "retry", "_selected_action": chosen, "filters": "", "reason": WHY, "confirmed": "yes"}
            self._post(WAITING, page, asked).raise_for_status()
        return len(chosen)

    def _mark(self, numbers: Mapping[int, str]) -> int:
        page = self.page(WAITING)
        chosen = [str(posting) for posting in numbers]
        given = {f"number_{posting}": number for posting, number in numbers.items()}
        asked = {"action": "mark_posted", "_selected_action": chosen, "filters": "", "reason": SEEN, "confirmed": "yes"}
        self._post(WAITING, page, {**asked, **given}).raise_for_status()
        return len(chosen)

    def _get(self, path: str) -> requests.Response:
        page = self._session.get(f"{self._url}{path}", timeout=WAITS_SECONDS)
        page.raise_for_status()
        return page

    def _post(self, path: str, page: requests.Response, values: Mapping[str, object]) -> requests.Response:
        found = TOKEN.search(page.text)
        form = {"csrfmiddlewaretoken": found.group(1) if found else "", **values}
        headers = {"Referer": f"{self._url}{path}", "Origin": self._url}
        return self._session.post(f"{self._url}{path}", form, headers=headers, timeout=WAITS_SECONDS)
