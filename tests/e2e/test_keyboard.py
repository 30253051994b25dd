"""A day's work without a mouse: log in, mend what was refused, retry it, mark another one as posted. Tab, Enter and the
space bar lead everywhere, letters fill in, and what has the focus can be seen at each step."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from playwright.sync_api import Locator, Page, expect

from integrations.demo.sandbox import build
from integrations.sandbox import Server, Store, mount
from portal.postings import work
from portal.postings.models import Posting
from portal.postings.states import State
from portal.reference.models import MappedCode
from portal.reference.rules import How, Rule, Rules
from portal.reference.services import save_rules
from tests.admin.world import in_state
from tests.desk.scene import Scene, a_scene
from tests.e2e.conftest import Visit
from tests.factories import PASSWORD, DemoConnectionFactory, a_document, a_line

pytestmark = [pytest.mark.e2e, pytest.mark.django_db(transaction=True)]
TOKEN = "token-of-demo-books-by-keyboard"
MOST_TABS = 60
HAS_FOCUS = "element => element === document.activeElement"
# Something has the focus, and it is outlined: in a colour of its own, two pixels wide or more, and not scrolled away.
SEEN = """() => {
  const element = document.activeElement, style = getComputedStyle(element), box = element.getBoundingClientRect();
  if (element === document.body) return "nothing has the focus";
  if (style.outlineStyle === "none" || parseFloat(style.outlineWidth) < 2) return `no outline: ${element.outerHTML}`;
  if (box.bottom < 0 || box.top > innerHeight) return `out of sight: ${element.outerHTML}`;
  return "";
}"""


@dataclass
class Hands:
    """On the keyboard."""

    page: Page

    def reach(self, wanted: Locator) -> None:
        """Press Tab until it has the focus; all that is passed on the way can be seen."""
        expect(wanted).to_be_visible()
        self.page.wait_for_load_state()
        for _ in range(MOST_TABS):
            self.page.keyboard.press("Tab")
            assert self.page.evaluate(SEEN) == ""
            if wanted.evaluate(HAS_FOCUS):
                return
        raise AssertionError(f"{wanted} was not reached with {MOST_TABS} presses of Tab.")

    def follow(self, link: str) -> None:
        """Reach a link by its words, and press Enter."""
        self.reach(self.page.get_by_role("link", name=link, exact=True).first)
        self.page.keyboard.press("Enter")

    def press(self, button: str) -> None:
        """Reach a button by its words, and press the space bar."""
        self.reach(self.page.get_by_role("button", name=button, exact=True))
        self.page.keyboard.press("Space")

    def type(self, label: str | re.Pattern[str], text: str) -> None:
        """Reach a field by its label, and fill it in."""
        self.reach(self.page.get_by_label(label, exact=True))
        self.page.keyboard.type(text)


@pytest.fixture
def demo_books(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """The address of Demo Books, which are asked before anything counts as booked there."""
    monkeypatch.setenv("POSTROOM_DEMO_TOKEN", TOKEN)
    store = Store("demo", tmp_path)
    with Server(mount({"demo": build(store)})) as server:
        yield f"{server.url}/demo"
    store.close()


@pytest.fixture
def scene(transactional_db: None, demo_books: str) -> Scene:
    """Two companies: one lacks a row of the mapping, in the books of the other an invoice was entered by hand."""
    scene = a_scene(name="Northgate Training Ltd")
    save_rules(scene.connection, Rules(account=Rule(how=How.TABLE)), who="tests")
    work.run(scene.receive(number="INV-LACKS", lines=(a_line(account_code="VENUE"),)).pk)
    other = DemoConnectionFactory.create(
        company__tenant=scene.tenant, company__name="Harbour Street Studios Ltd", secrets={"token": TOKEN},
        settings={"base_url": demo_books, "company_id": "harbour-street"},
    )  # fmt: skip
    in_state(other, State.REJECTED, a_document(number="INV-BY-HAND"))
    return scene


def test_a_day_s_work_by_keyboard_alone(scene: Scene, visit: Visit) -> None:
    visitor = visit()
    page, hands = visitor.page, Hands(visitor.page)
    visitor.open("/")
    hands.type("E-mail address", scene.user.username)
    hands.type("Password", PASSWORD)
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="Companies")).to_be_visible()

    hands.follow("Skip to the content")
    hands.follow("Northgate Training Ltd")
    hands.follow("Open Invoice INV-LACKS")
    hands.follow("Mend the mapping")
    hands.type(re.compile("^Sent for VENUE,"), "5010")
    hands.press("Save")
    expect(page.get_by_text("Saved: 1 added.")).to_be_visible()
    assert MappedCode.objects.get().accounting_code == "5010"
    page.screenshot(path=visitor.shots / "keyboard-mended.png")

    hands.follow("Back to the transaction")
    hands.follow("Retry")
    hands.type("Why", "The account was added.")
    hands.press("Retry P-000001")
    expect(page.get_by_text("Retrying P-000001.")).to_be_visible()
    lacking = Posting.objects.get(transaction__source_number="INV-LACKS")
    work.run(lacking.pk)
    lacking.refresh_from_db()
    assert lacking.state == State.POSTED

    hands.follow("Transactions")
    hands.follow("INV-BY-HAND")
    hands.follow("Mark as posted")
    hands.type("Number in Demo Books", "JNL-BY-HAND")
    hands.type("Why", "Ana entered it on Monday.")
    page.screenshot(path=visitor.shots / "keyboard-mark.png")
    hands.press("Mark P-000001 as posted")
    expect(page.get_by_text("Marked P-000001 as posted.")).to_be_visible()
    by_hand = Posting.objects.get(transaction__source_number="INV-BY-HAND")
    assert (by_hand.state, by_hand.external_number) == (State.POSTED, "JNL-BY-HAND")
