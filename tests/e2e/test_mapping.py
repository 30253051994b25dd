"""Staff mend a mapping in a real browser: from the refused posting to the row, and back to the retry."""

from __future__ import annotations

import pytest
from django.urls import reverse
from playwright.sync_api import expect

from portal.postings import work
from portal.postings.models import Posting
from portal.reference.models import MappedCode
from portal.reference.rules import DimensionRule, How, Rule, Rules
from portal.reference.services import save_rules
from tests.e2e.browser import Watched
from tests.e2e.conftest import Visit
from tests.factories import PASSWORD, CompanyFactory, DemoConnectionFactory, StaffFactory, accepted

pytestmark = [pytest.mark.e2e, pytest.mark.django_db(transaction=True)]
FILE = "Family,Source code,Accounting code,Note\naccount,5020,7200,Lunch\nacount,5030,7300,\n"


@pytest.fixture
def refused(transactional_db: None) -> Posting:
    """A posting that the mapping refused."""
    connection = DemoConnectionFactory.create(company=CompanyFactory.create(name="Harbour Street Studios Ltd"))
    rules = Rules(account=Rule(how=How.TABLE), dimensions=(DimensionRule(name="Department", to="Dept"),))
    save_rules(connection, rules, who="tests")
    MappedCode.objects.create(connection=connection, family="account", source_code="7504", accounting_code="7200")
    posting = accepted(connection).posting
    work.run(posting.pk)
    return posting


@pytest.fixture
def watched(refused: Posting, visit: Visit) -> Watched:
    StaffFactory.create(username="sam")
    watched = visit()
    watched.open("/admin/")
    watched.log_in("sam", PASSWORD)
    return watched


def test_a_refused_posting_is_mended_and_retried(watched: Watched, refused: Posting) -> None:
    page = watched.page
    watched.open(reverse("admin:postings_posting_change", args=[refused.pk]))
    watched.shoot("mapping-refused")
    page.get_by_role("link", name="Mend the mapping").click()
    expect(page.get_by_label("Source code")).to_have_value("5010")
    watched.shoot("mapping-row-add")
    page.get_by_label("Accounting code").fill("7100")
    page.get_by_role("button", name="Save", exact=True).click()
    page.get_by_role("link", name="Retry what was refused").click()
    watched.shoot("mapping-retry")
    page.get_by_label("Reason").fill("The row was added.")
    page.get_by_role("button", name="Retry P-000001").click()
    expect(page.get_by_text("Retrying P-000001.")).to_be_visible()
    assert MappedCode.objects.get(source_code="5010").accounting_code == "7100"
    assert Posting.objects.get(pk=refused.pk).state != "rejected"


def test_the_pages_of_a_mapping_fit_every_width(watched: Watched, refused: Posting) -> None:
    page = watched.page
    mapping = reverse("admin:reference_codemapping_change", args=[refused.connection_id])
    places = {
        "mapping": mapping,
        "mapping-list": reverse("admin:reference_codemapping_changelist"),
        "mapping-rows": reverse("admin:reference_mappedcode_changelist"),
        "mapping-gaps": f"/admin/postings/posting/gaps/?connection={refused.connection_id}",
        "mapping-import": reverse("admin:reference_codemapping_import_rows", args=[refused.connection_id]),
    }
    for name, place in places.items():
        watched.open(place)
        watched.shoot(name)
        assert watched.too_narrow() == [], name
    page.get_by_label("CSV file").set_input_files({"name": "c.csv", "mimeType": "text/csv", "buffer": FILE.encode()})
    page.get_by_role("button", name="Look at it").click()
    expect(page.get_by_text("Lines that cannot be taken: 1.")).to_be_visible()
    watched.shoot("mapping-import-bad")
    assert watched.too_narrow() == []
