"""The pages of going live: the checklist, what comes in, what came before, and the switch."""

from __future__ import annotations

from portal.desk.going_live.views.addresses import deliveries_watch, tokens_made
from portal.desk.going_live.views.came_before import again, all_again, before_live, before_live_one
from portal.desk.going_live.views.hub import schedules_recommended, set_up, set_up_leave_out, set_up_sync, set_up_watch
from portal.desk.going_live.views.switching import go_live, not_live

__all__ = [
    "again",
    "all_again",
    "before_live",
    "before_live_one",
    "deliveries_watch",
    "go_live",
    "not_live",
    "schedules_recommended",
    "set_up",
    "set_up_leave_out",
    "set_up_sync",
    "set_up_watch",
    "tokens_made",
]
