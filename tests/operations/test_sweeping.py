"""Every worker process sweeps, with or without its broker."""

from __future__ import annotations

import signal
import sys
from pathlib import Path

import psycopg
import pytest

from tests.operations.running import PRODUCTION, Process, environment, manage
from tests.servers import Postgres, free_port


@pytest.mark.postgres
def test_a_worker_sweeps_while_redis_is_away(tmp_path: Path) -> None:
    """Its sign of life says when: `swept_at` is set although no nudge could ever have arrived."""
    with Postgres(durable=True) as postgres:
        url = postgres.create_database("sweeping")
        redis_url = f"redis://127.0.0.1:{free_port()}/0"
        env = environment(tmp_path, **{**PRODUCTION, "DATABASE_URL": url, "REDIS_URL": redis_url})
        assert manage("migrate", "-v0", env=env).returncode == 0
        command = [sys.executable, "-m", "celery", "-A", "portal", "worker", "--concurrency", "1"]
        with (
            psycopg.connect(url, autocommit=True) as connection,
            Process(command, env=env, log=tmp_path / "worker.log") as worker,
        ):

            def swept() -> bool:
                found = connection.execute(
                    "SELECT 1 FROM operations_sign WHERE swept_at IS NOT NULL AND part = 'worker'"
                )
                return found.fetchone() is not None

            worker.wait_for(swept, "sweep")
            worker.popen.send_signal(signal.SIGTERM)
