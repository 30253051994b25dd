"""`manage.py chaos_staff`: a person who clicks "retry" on everything that is held, without reading why."""

from __future__ import annotations

import json
from typing import Any

from django.contrib.auth import get_user_model
from django.core.management.base import BaseCommand

from portal.postings.models import Posting
from portal.postings.repair import CannotRepair, retry
from portal.postings.states import State


class Command(BaseCommand):
    """Retry what is held."""

    help = "Retry every held posting."

    def handle(self, **options: Any) -> None:
        """Tell how many were made due again."""
        user = get_user_model().objects.get(is_superuser=True)
        held = Posting.objects.filter(state=State.HELD, recheck_asked=False).order_by("pk")
        done = sum(self._retried(posting, user) for posting in held)
        self.stdout.write(json.dumps(done))

    def _retried(self, posting: Posting, user: Any) -> bool:
        try:
            retry(posting, by=user, why="Once more.")
        except CannotRepair:
            return False
        return True
