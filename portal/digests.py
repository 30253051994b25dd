"""What stands for a secret where it is only compared. It stands outside the rooms, for all that keep tokens use it."""

from __future__ import annotations

import hashlib
import hmac

from django.conf import settings


def digest(secret: str) -> str:
    """HMAC-SHA256 of a secret with the installation's pepper, as 64 hex digits."""
    return hmac.new(settings.TOKEN_PEPPER.encode(), secret.encode(), hashlib.sha256).hexdigest()
