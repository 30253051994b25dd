"""Nothing is answered and nobody is nudged before the commit."""

from __future__ import annotations

import threading
from collections.abc import Callable

import pytest
from django.db import connections
from django.test import Client

from portal.intake.views import receiving
from portal.postings.due import Where
from portal.postings.models import Posting, Transaction
from tests.factories import CompanyFactory, DemoConnectionFactory, SourceConnectionFactory, with_token
from tests.intake.payloads import a_transaction, body
from tests.postings.breaking import at_the_commit

pytestmark = [pytest.mark.engine]


@pytest.mark.django_db(transaction=True)
class TestTheAnswerComesAfterTheCommit:
    @pytest.fixture
    def send(self) -> Callable[[], int]:
        """Delivers one invoice to an endpoint that waits for nobody; gives the answer's status."""
        company = CompanyFactory.create()
        DemoConnectionFactory.create(company=company)
        endpoint, token = with_token(
            connection=SourceConnectionFactory.create(company=company), answer_within_seconds=0
        )

        def post() -> int:
            response = Client(raise_request_exception=False).post(
                f"/webhooks/icompleat/{endpoint.pk}/",
                body(a_transaction()),
                content_type="application/json",
                headers={"x-api-compleat-token": token},
            )
            return response.status_code

        return post

    def test_a_commit_that_fails_is_no_success(self, send: Callable[[], int], monkeypatch: pytest.MonkeyPatch) -> None:
        """The first one of a company is taken in the general way, all others by one statement where there is one."""
        monkeypatch.setattr(receiving, "ring", lambda *_, **__: None)
        with at_the_commit():
            assert send() == 503
        assert not Transaction.objects.exists()
        assert send() == 200
        with at_the_commit():
            assert send() == 503
        assert send() == 200
        assert list(Transaction.objects.order_by("pk").values_list("number", flat=True)) == ["P-000001", "P-000002"]

    def test_whoever_is_nudged_can_see_the_posting(
        self, send: Callable[[], int], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        seen: list[bool] = []

        def look(posting_id: int) -> None:
            try:
                seen.append(Posting.objects.filter(pk=posting_id).exists())
            finally:
                connections.close_all()

        def ring(posting_id: int, where: Where) -> None:
            worker = threading.Thread(target=look, args=(posting_id,))
            worker.start()
            worker.join()

        monkeypatch.setattr(receiving, "ring", ring)
        assert [send(), send()] == [200, 200]
        assert seen == [True, True]
