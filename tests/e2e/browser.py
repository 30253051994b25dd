"""A real browser, and a page that remembers everything that went wrong in it."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeVar
from urllib.parse import urlsplit

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, ConsoleMessage, Error, Page, Request, Response, sync_playwright

# The Web Content Accessibility Guidelines up to 2.2, levels A and AA, and what axe advises beyond them.
RULES = {
    "resultTypes": ["violations"],
    "runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"],
}
WIDE, NARROW = 1280, 360
WIDTHS = (NARROW, 639, 640, 768, 1023, 1024, WIDE)
FLAGS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--disable-dev-shm-usage",
)
T = TypeVar("T")
WENT_ON = "Execution context was destroyed"
MISSING = "Chromium is not installed. On Debian: apt-get install --no-install-recommends chromium"


@contextmanager
def chromium() -> Iterator[Browser]:
    """Debian's Chromium without a window."""
    path = shutil.which("chromium")
    if path is None:
        pytest.fail(MISSING, pytrace=False)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, headless=True, args=list(FLAGS))
        yield browser
        browser.close()


@dataclass
class Watched:
    """A page of one visitor. `complaints` holds console errors, uncaught exceptions, refusals of the content security
    policy, requests that failed, answers of 400 and above that were not `expected`, and what axe finds against a page
    for customers."""

    page: Page
    base: str
    shots: Path
    expected: set[str] = field(default_factory=set)
    complaints: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.page.on("console", self._console)
        self.page.on("pageerror", lambda error: self.complaints.append(f"uncaught: {error}"))
        self.page.on("requestfailed", self._failed)
        self.page.on("response", self._answered)

    def open(self, path: str) -> None:
        """Go to a path of the portal."""
        self.page.goto(self.base + path)

    def log_in(self, username: str, password: str) -> None:
        """Fill in the log-in form that is on the page."""
        self.page.get_by_label("E-mail address").fill(username)
        self.page.get_by_label("Password", exact=True).fill(password)
        self.page.get_by_role("button", name="Log in").click()

    def shoot(self, name: str, *, is_brisk: bool = False) -> None:
        """Keep the page as pictures: wide and narrow, light and dark. Axe looks at each of them, too; briskly, not at
        the dark and narrow one, which has the colours of the dark one and the places of the narrow one."""
        for scheme in ("light", "dark"):
            self.page.emulate_media(color_scheme=scheme)
            for width in (WIDE, NARROW):
                self.page.set_viewport_size({"width": width, "height": 900})
                self.page.screenshot(path=self.shots / f"{name}-{scheme}-{width}.png", full_page=True)
                if self._is_for_customers and not (is_brisk and (scheme, width) == ("dark", NARROW)):
                    self.complaints += (f"axe: {name}, {scheme}, {width}: {one}" for one in barriers(self.page))
        self.page.emulate_media(color_scheme="light")
        self.page.set_viewport_size({"width": WIDE, "height": 900})

    def too_narrow(self) -> list[int]:
        """The widths, from a telephone's to a laptop's, at which something sticks out of the window."""
        found = []
        for width in WIDTHS:
            self.page.set_viewport_size({"width": width, "height": 900})
            if steadily(self.page, lambda: self.page.evaluate("document.documentElement.scrollWidth")) > width:
                found.append(width)
        self.page.set_viewport_size({"width": WIDE, "height": 900})
        return found

    @property
    def _is_for_customers(self) -> bool:
        """The staff site is Django's own markup, and the stand-ins are no part of the product."""
        path = urlsplit(self.page.url).path
        return not urlsplit(self.base).path and not path.startswith("/admin/")

    def _console(self, message: ConsoleMessage) -> None:
        # The browser also writes an error for each answer of 400 and above; those are judged by their status.
        if message.type == "error" and "Failed to load resource" not in message.text:
            self.complaints.append(f"console: {message.text}")

    def _failed(self, request: Request) -> None:
        # A request that the next page overtakes is not one that failed.
        if request.failure != "net::ERR_ABORTED":
            self.complaints.append(f"failed: {request.url} {request.failure}")

    def _answered(self, response: Response) -> None:
        if response.status >= 400 and response.url.removeprefix(self.base) not in self.expected:
            self.complaints.append(f"answered {response.status}: {response.url}")


def barriers(page: Page) -> list[str]:
    """What axe finds against a page as it stands: the rule, and the element."""
    found = steadily(page, lambda: Axe().run(page, options=RULES).response["violations"])
    return [f"{each['id']}: {' '.join(map(str, node['target']))}" for each in found for node in each["nodes"]]


def steadily(page: Page, ask: Callable[[], T]) -> T:
    """Ask something of a page; where it goes on by itself in that moment, the next one is asked."""
    try:
        return ask()
    except Error as error:
        if WENT_ON not in error.message:
            raise
    page.wait_for_load_state()
    return ask()


def shots_directory(fallback: Path) -> Path:
    """Where pictures go: `POSTROOM_SCREENSHOTS` keeps them."""
    chosen = Path(os.environ["POSTROOM_SCREENSHOTS"]) if os.environ.get("POSTROOM_SCREENSHOTS") else fallback
    chosen.mkdir(parents=True, exist_ok=True)
    return chosen
