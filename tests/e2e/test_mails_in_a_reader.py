"""The mails as their readers see them: each text is kept as a file, each HTML part as pictures in a wide and a narrow
window, light and dark. Nothing sticks out, axe finds nothing, and the text says all that the HTML part says."""

from __future__ import annotations

import html
import re
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.core import mail
from django.core.cache import cache
from django.test import Client
from django.utils import timezone
from playwright.sync_api import Browser

from portal.desk.company_settings import readers
from portal.desk.company_settings.digests import send_due_digests
from portal.events import recipients
from portal.events.mailing import alert
from portal.postings.models import Posting
from portal.postings.states import State
from portal.tenants.mail_choices import Wish, choose
from portal.tenants.models import Digest, MailChoice, Member
from tests.desk.scene import Scene, a_demo_scene
from tests.e2e.browser import barriers, shots_directory
from tests.factories import PASSWORD
from tests.tenants.people import invited

pytestmark = [pytest.mark.e2e, pytest.mark.django_db(transaction=True)]
READER, NARROW = 600, 360
# Without the full stop of the sentence that it ends.
LINK = re.compile(r"https?://\S+[^\s.]")


@pytest.fixture
def scene(transactional_db: None) -> Scene:
    return a_demo_scene(name="Harbour Street Studios and Conference Services (Holdings) Ltd")


@pytest.fixture
def sent(scene: Scene, settings: Any, monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """Every mail of ours, by what it is for."""
    cache.clear()
    settings.STAFF_ALERTS, settings.BASE_URL = ["ops@example.org"], "https://postroom.example.com"
    monkeypatch.setitem(recipients._asked, "members", readers.readers)
    member = Member.objects.get(tenant=scene.tenant, user=scene.user)
    for state in (State.HELD, State.REJECTED, State.READY, State.POSTED):
        scene.in_state(state)
    Posting.objects.filter(state=State.REJECTED).update(error_class="Misconfigured")
    choose(member, scene.company, Wish(True, Digest.DAILY), who="me")
    MailChoice.objects.update(digest_sent_at=timezone.now() - timedelta(days=4))
    # At an hour of its own: in the early morning a mail still waits for the figures of the day before.
    assert send_due_digests(timezone.now().replace(hour=18, minute=0) - timedelta(days=1)) == 1
    alert()
    invited(member)
    form = {"organisation": "Quay Group", "time_zone": "Europe/London", "email": "quinn@example.org"}
    Client().post("/accounts/signup/", {**form, "password1": PASSWORD})
    Client().post("/accounts/password/reset/", {"email": scene.user.email})
    subjects = {
        "digest": "daily figures", "invitation": "invites you", "sign-up": "Confirm", "password": "password",
        "alert-member": f"{scene.company.name}: ", "alert-staff": "Postroom: ",
    }  # fmt: skip
    found: dict[str, Any] = {}
    for message in mail.outbox:
        name = next(name for name, part in subjects.items() if part.lower() in str(message.subject).lower())
        found.setdefault(name, message)
    assert sorted(found) == sorted(subjects)
    return found


def test_the_mails_are_readable(sent: dict[str, Any], browser: Browser, tmp_path: Path) -> None:
    shots = shots_directory(tmp_path)
    for name, message in sent.items():
        text = str(message.body)
        (shots / f"mail-{name}.txt").write_text(f"{message.subject}\n\n{text}")
        assert "\n\n\n" not in text, name
        assert html.unescape(text) == text, name
        for alternative in getattr(message, "alternatives", ()):
            content = str(alternative[0])
            assert _looked_at(browser, shots, name, content) == []
            assert set(_links(content)) <= set(LINK.findall(text)), name


def test_the_mails_that_are_not_answers_to_a_form_have_both_parts(sent: dict[str, Any]) -> None:
    both = {name for name, message in sent.items() if getattr(message, "alternatives", ())}
    assert both == {"digest", "invitation", "alert-member", "alert-staff"}


def _looked_at(browser: Browser, shots: Path, name: str, content: str) -> list[str]:
    page, wrong = browser.new_page(), list[str]()
    page.set_content(content)
    for scheme in ("light", "dark"):
        page.emulate_media(color_scheme=scheme)
        for width in (READER, NARROW):
            page.set_viewport_size({"width": width, "height": 800})
            page.screenshot(path=shots / f"mail-{name}-{scheme}-{width}.png", full_page=True)
            if page.evaluate("document.documentElement.scrollWidth") > width:
                wrong.append(f"{name} sticks out at {width} px")
            wrong += [f"{name}, {scheme}, {width}: {one}" for one in barriers(page)]
    page.close()
    return wrong


def _links(content: str) -> list[str]:
    return [html.unescape(one) for one in re.findall(r'href="([^"]+)"', content)]
