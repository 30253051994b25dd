"""Nothing is answered and nobody is nudged before the commit."""

from __future__ import annotations

import threading
from collections.abc import Callable
from unittest.mock import Mock

import pytest
from django.db import OperationalError, connections
from django.db import connection as database
from django.test import Client

from portal.intake import views
from portal.postings.models import Posting, Transaction
from tests.factories import CompanyFactory, DemoConnectionFactory, SourceConnectionFactory, with_token
from tests.intake.payloads import a_transaction, body

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
        monkeypatch.setattr(views, "ring", lambda _: None)
        with monkeypatch.context() as patched:
            patched.setattr(database, "_commit", Mock(side_effect=OperationalError("The server went away.")))
            assert send() == 503
        assert not Transaction.objects.exists()
        assert send() == 200
        assert Transaction.objects.get().number == "P-000001"

    def test_whoever_is_nudged_can_see_the_posting(
        self, send: Callable[[], int], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        seen: list[bool] = []

        def look(posting_id: int) -> None:
            try:
                seen.append(Posting.objects.filter(pk=posting_id).exists())
            finally:
                connections.close_all()

        def ring(posting_id: int) -> None:
            worker = threading.Thread(target=look, args=(posting_id,))
            worker.start()
            worker.join()

        monkeypatch.setattr(views, "ring", ring)
        assert send() == 200
        assert seen == [True]
