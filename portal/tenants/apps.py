from __future__ import annotations

from django.apps import AppConfig


class TenantsConfig(AppConfig):
    name = "portal.tenants"
    label = "tenants"

    def ready(self) -> None:
        """Check the settings about people."""
        from portal.tenants import checks

        checks.register()
