"""docker-compose.yml, Dockerfile and .env.example agree with each other and with the settings, and hold no secret."""

from __future__ import annotations

import ast
import re
from typing import Any

import pytest
import yaml

from tests.house.tree import read

OURS = {"migrate", "web", "worker", "beat"}
SECRET_NAMES = {"SECRET_KEY", "TOKEN_PEPPER", "FIELD_KEYS", "DATABASE_URL", "EMAIL_URL"}
# Read by the images of others, not by us.
FOREIGN = re.compile(r"POSTGRES_(USER|DB|PASSWORD_FILE)|GRANIAN_[A-Z_]+")


def _compose() -> dict[str, Any]:
    loaded: dict[str, Any] = yaml.safe_load(read("docker-compose.yml"))
    return loaded


def _documented() -> dict[str, str]:
    return dict(re.findall(r"^#?([A-Z][A-Z_]+)=(.*)$", read(".env.example"), re.MULTILINE))


def _services() -> dict[str, dict[str, Any]]:
    services: dict[str, dict[str, Any]] = _compose()["services"]
    return services


def test_the_services_are_the_production_shape() -> None:
    assert set(_services()) == OURS | {"db", "redis"}


@pytest.mark.parametrize("name", sorted(OURS))
def test_our_services_are_one_image_without_rights(name: str) -> None:
    service = _services()[name]
    assert service["image"] == "postroom:latest"
    assert (service["read_only"], service["cap_drop"], service["stop_grace_period"]) == (True, ["ALL"], "45s")


@pytest.mark.parametrize("name", ["db", "redis", "web", "worker", "beat"])
def test_what_runs_for_long_comes_back_and_is_watched(name: str) -> None:
    service = _services()[name]
    assert service["restart"] == "unless-stopped"
    assert service["healthcheck"]["test"]


@pytest.mark.parametrize("name", ["web", "worker", "beat"])
def test_nothing_starts_before_the_database_is_migrated(name: str) -> None:
    waits_for = {service: rule["condition"] for service, rule in _services()[name]["depends_on"].items()}
    assert waits_for == {
        "migrate": "service_completed_successfully",
        "db": "service_healthy",
        "redis": "service_healthy",
    }


def test_migrating_happens_once() -> None:
    migrate = _services()["migrate"]
    assert (migrate["restart"], migrate["command"]) == ("no", ["python", "manage.py", "migrate", "--noinput"])


@pytest.mark.parametrize("name", ["web", "beat"])
def test_inline_health_checks_are_python(name: str) -> None:
    command = _services()[name]["healthcheck"]["test"]
    assert command[:3] == ["CMD", "python", "-c"]
    assert len(ast.parse(command[3]).body) >= 3


def test_redis_never_throws_away_what_it_holds() -> None:
    command = _services()["redis"]["command"]
    assert command[command.index("--maxmemory-policy") + 1] == "noeviction"


def test_only_the_proxy_on_this_machine_reaches_the_web_server() -> None:
    published = {name: service["ports"] for name, service in _services().items() if "ports" in service}
    assert published == {"web": ["127.0.0.1:8000:8000"]}


def test_every_name_in_compose_is_documented() -> None:
    used = {name for service in _services().values() for name in service.get("environment", {})}
    used |= set(re.findall(r"\$\{([A-Z_]+)", read("docker-compose.yml")))
    ours = {name.removesuffix("_FILE") for name in used if not FOREIGN.fullmatch(name)}
    assert ours - set(_documented()) == set()


def test_every_name_that_the_settings_read_is_documented() -> None:
    read_by_settings = set(re.findall(r"\benv\.\w+\(\s*\"([A-Z_]+)\"", read("portal/settings.py")))
    assert len(read_by_settings) > 10
    assert read_by_settings - set(_documented()) == set()


def test_every_documented_name_is_read_somewhere() -> None:
    readers = read("portal/settings.py") + read("docker-compose.yml")
    assert [name for name in _documented() if not re.search(rf"\b{name}\b", readers)] == []


def test_the_example_holds_no_secret() -> None:
    assert {name: value for name, value in _documented().items() if name in SECRET_NAMES and value} == {}


def test_compose_takes_every_secret_from_a_file() -> None:
    compose = _compose()
    assert all(secret["file"].startswith("./secrets/") for secret in compose["secrets"].values())
    for service in compose["services"].values():
        plain = {name for name in service.get("environment", {}) if name in SECRET_NAMES or "PASSWORD" in name}
        assert {name for name in plain if not name.endswith("_FILE")} == set()


def test_the_image_runs_as_nobody_in_particular_and_installs_by_hash() -> None:
    dockerfile = read("Dockerfile")
    assert re.findall(r"^USER (\S+)$", dockerfile, re.MULTILINE) == ["postroom"]
    assert "--require-hashes" in dockerfile
    assert re.search(r"^\s+python manage\.py collectstatic --noinput$", dockerfile, re.MULTILINE)


def test_the_image_takes_in_what_it_runs_and_nothing_else() -> None:
    kept = {line[1:] for line in read(".dockerignore").splitlines() if line.startswith("!")}
    assert kept == {
        "integrations/",
        "ledger/",
        "portal/",
        "templates/",
        "manage.py",
        "requirements.txt",
        "LICENSE",
    }
