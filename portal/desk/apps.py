from __future__ import annotations

from django.apps import AppConfig
from django.contrib.admin.apps import AdminConfig as DjangoAdminConfig


class DeskConfig(AppConfig):
    name = "portal.desk"
    label = "desk"


class AdminConfig(DjangoAdminConfig):
    """Django's admin with our site in the place of the stock one."""

    default_site = "portal.desk.site.StaffSite"
