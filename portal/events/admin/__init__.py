"""For staff: the audit trail, what waits, who was told of it by mail, and what customers are told by webhook."""

from __future__ import annotations

from portal.events.admin.trail import AlertAdmin, AuditEventAdmin, MatterAdmin
from portal.events.admin.webhooks import AnnouncementAdmin, ConsumerAdmin, DispatchAdmin

__all__ = ["AlertAdmin", "AnnouncementAdmin", "AuditEventAdmin", "ConsumerAdmin", "DispatchAdmin", "MatterAdmin"]
