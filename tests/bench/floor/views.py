"""A bare view: keep the body in one row, answer with its number."""

from __future__ import annotations

from django.utils import timezone
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from tests.bench.floor.models import Row


class InsertOneRow(APIView):
    """No token, no reading, no rules: what is left is server, middleware, DRF, one INSERT and its commit."""

    def post(self, request: Request) -> Response:
        row = Row(body=request._request.body, received_at=timezone.now())
        row.save(force_insert=True)
        return Response({"JournalNumber": str(row)})
