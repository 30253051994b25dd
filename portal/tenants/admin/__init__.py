"""Tenants, their members, invitations and companies for staff."""

from __future__ import annotations

from portal.tenants.admin.invitations import InvitationAdmin
from portal.tenants.admin.tenants import CompanyAdmin, TenantAdmin

__all__ = ["CompanyAdmin", "InvitationAdmin", "TenantAdmin"]
