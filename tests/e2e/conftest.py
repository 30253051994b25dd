"""The browser, and pages that fail their test on any complaint."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from playwright.sync_api import Browser
from pytest_django.live_server_helper import LiveServer

from integrations.codat.addresses import redirect_url
from tests.e2e import through_codat
from tests.e2e.browser import WIDE, Watched, chromium, shots_directory
from tests.e2e.people import approve_all, logged_in, synchronise_all
from tests.e2e.processes import Town, running

Visit = Callable[[], Watched]


@pytest.fixture(scope="session")
def _orm_beside_a_browser() -> Iterator[None]:
    """Playwright's sync API leaves an event loop running in this thread, beside which Django refuses its ORM."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("DJANGO_ALLOW_ASYNC_UNSAFE", "true")
        yield


@pytest.fixture(scope="session")
def browser(_orm_beside_a_browser: None) -> Iterator[Browser]:
    """One Chromium for the run."""
    with chromium() as running:
        yield running


@pytest.fixture
def visit(browser: Browser, live_server: LiveServer, tmp_path: Path) -> Iterator[Visit]:
    """Open a page of a new visitor; at the end no page may have complained."""
    with visitors(browser, live_server.url, shots_directory(tmp_path)) as visitor:
        yield visitor


@contextmanager
def visitors(browser: Browser, base: str, shots: Path) -> Iterator[Visit]:
    """The same for whatever is served at `base`."""
    opened: list[Watched] = []

    def visitor() -> Watched:
        context = browser.new_context(viewport={"width": WIDE, "height": 900}, locale="en-GB")
        context.grant_permissions(["clipboard-read", "clipboard-write"], origin=base)
        context.set_default_timeout(8_000)
        opened.append(Watched(context.new_page(), base, shots))
        return opened[-1]

    yield visitor
    complaints = [complaint for each in opened for complaint in each.complaints]
    for each in opened:
        each.page.context.close()
    assert complaints == []


@pytest.fixture(scope="session")
def town(browser: Browser, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Town]:
    """Portal and stand-ins as processes, for the run. The samples are approved, and iCompleat knows what the accounting
    systems know."""
    with running(tmp_path_factory.mktemp("town")) as town:
        shots = shots_directory(tmp_path_factory.mktemp("shots"))
        with visitors(browser, f"{town.sandbox}/icompleat", shots) as visitor:
            approve_all(visitor(), town)
        with visitors(browser, town.portal, shots) as visitor:
            synchronise_all(logged_in(visitor(), town, "customer"), town)
        yield town


@pytest.fixture(scope="session")
def _account_at_codat(town: Town, browser: Browser, tmp_path_factory: pytest.TempPathFactory) -> None:
    """What the installation has there, which staff enter once."""
    with visitors(browser, town.portal, shots_directory(tmp_path_factory.mktemp("shots"))) as visitor:
        through_codat.enter(logged_in(visitor(), town, "staff"), town)
    through_codat.listen(town)


@pytest.fixture
def codat(town: Town, _account_at_codat: None) -> None:
    """The installation has an account at Codat, and Codat knows where people come back to."""
    through_codat.return_to(town, redirect_url(f"{town.portal}/link/back/"))


@pytest.fixture
def customer(town: Town, browser: Browser, tmp_path: Path) -> Iterator[Watched]:
    """A member of both companies, in the portal."""
    with visitors(browser, town.portal, shots_directory(tmp_path)) as visitor:
        yield logged_in(visitor(), town, "customer")


@pytest.fixture
def staff(town: Town, browser: Browser, tmp_path: Path) -> Iterator[Watched]:
    """One of us, in the admin."""
    with visitors(browser, town.portal, shots_directory(tmp_path)) as visitor:
        yield logged_in(visitor(), town, "staff")


@pytest.fixture
def icompleat(town: Town, browser: Browser, tmp_path: Path) -> Iterator[Watched]:
    """A user of iCompleat."""
    with visitors(browser, f"{town.sandbox}/icompleat", shots_directory(tmp_path)) as visitor:
        yield visitor()


@pytest.fixture
def books(town: Town, browser: Browser, tmp_path: Path) -> Iterator[Watched]:
    """An accountant in Demo Books."""
    with visitors(browser, f"{town.sandbox}/demo", shots_directory(tmp_path)) as visitor:
        yield visitor()
