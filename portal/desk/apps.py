from __future__ import annotations

from django.apps import AppConfig
from django.contrib.admin.apps import AdminConfig as DjangoAdminConfig


class DeskConfig(AppConfig):
    name = "portal.desk"
    label = "desk"

    def ready(self) -> None:
        """Let members be told by mail what waits at their companies."""
        from portal.desk.company_settings import readers

        readers.register()


class AdminConfig(DjangoAdminConfig):
    """Django's admin with our site in the place of the stock one."""

    default_site = "portal.desk.site.StaffSite"
