"""How each thing is done to the servers. Every hand takes a draw from 0 to 1, and says whether it could be done."""

from __future__ import annotations

import signal
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from typing import LiteralString

import psycopg
import redis

from tests.chaos import pace
from tests.chaos.programs import Program
from tests.chaos.shape import DATABASE
from tests.chaos.stage import Stage

Later = Callable[[float, str, Callable[[], object]], None]
CUT: LiteralString = (
    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = %s AND pid <> pg_backend_pid()"
)
FULL_SECONDS = 2.0


class Hands:
    """`later` has something done after some seconds, under a name; `is_away` finds such a name."""

    def __init__(self, stage: Stage, later: Later, is_away: Callable[[str], bool]) -> None:
        self._stage, self._later, self._is_away = stage, later, is_away
        self.staff = stage.staff()

    # --- the portal's processes --------------------------------------------------------------------------------------

    def kill_worker(self, draw: float) -> bool:
        _one(self._stage.workers, draw).kill()
        return True

    def kill_beat(self, draw: float) -> bool:
        _one(self._stage.beats, draw).kill()
        return True

    def kill_web_process(self, draw: float) -> bool:
        return _one(self._stage.webs, draw).kill_child(lambda pids: pids[0])

    def kill_web(self, draw: float) -> bool:
        _one(self._stage.webs, draw).kill()
        return True

    def kill_master(self, draw: float) -> bool:
        _one(self._stage.webs, draw).kill_alone()
        return True

    def restart_web(self, draw: float) -> bool:
        _one(self._stage.webs, draw).ask(signal.SIGHUP)
        return True

    def freeze_worker(self, draw: float) -> bool:
        """Longer than the lease, and over before absence can be proven.

        A process can be stopped between its last look at the lease and the first byte: nothing can be done about that
        window, which the documents name. Threads that are held up before that look cover the longer freezes.
        """
        return self._freeze(_one(self._stage.workers, draw), pace.FROZEN[0] + draw * (pace.FROZEN[1] - pace.FROZEN[0]))

    def freeze_beat(self, draw: float) -> bool:
        return self._freeze(_one(self._stage.beats, draw), pace.ALL_FROZEN)

    def freeze_everything(self, _: float) -> bool:
        """All processes of the portal at once, for longer than lease and quiet period together; the vendor goes on."""
        if self._is_away("goes on"):
            return False
        programs = list(self._stage.programs.values())
        for program in programs:
            program.freeze()
        self._later(pace.ALL_FROZEN, "everything goes on", lambda: _thaw(programs))
        return True

    def _freeze(self, program: Program, seconds: float) -> bool:
        if program.frozen:
            return False
        program.freeze()
        self._later(seconds, f"{program.name} goes on", program.thaw)
        return True

    # --- the database ------------------------------------------------------------------------------------------------

    def crash_database(self, draw: float) -> bool:
        """Half of them as `pg_ctl -m immediate` does it, half as the kernel does when memory runs out."""
        if self._is_away("database"):
            return False
        end = self._stage.postgres.crash if draw < 0.5 else self._stage.postgres.kill
        end()
        self._later(draw, "the database starts again", self._stage.postgres.start)
        return True

    def freeze_database(self, draw: float) -> bool:
        """Up to longer than the lease of whatever is claimed in this moment."""
        return self._freeze_server("database", self._stage.postgres.frozen(), 2 + draw * pace.LEASE)

    def cut_database(self, _: float) -> bool:
        if self._is_away("database"):
            return False
        try:
            with self._stage.postgres.connect() as connection:
                connection.execute(CUT, (DATABASE,))
        except psycopg.OperationalError:
            return False
        return True

    # --- Redis -------------------------------------------------------------------------------------------------------

    def kill_redis(self, draw: float) -> bool:
        if self._is_away("redis"):
            return False
        self._stage.redis.kill()
        self._later(draw * 2, "redis starts again", self._stage.redis.start)
        return True

    def freeze_redis(self, draw: float) -> bool:
        return self._freeze_server("redis", self._stage.redis.frozen(), 2 + draw * 4)

    def flush_redis(self, _: float) -> bool:
        return self._ask_redis(lambda client: client.flushall())

    def cut_redis(self, _: float) -> bool:
        return self._ask_redis(lambda client: [client.client_kill_filter(_type=sort) for sort in ("normal", "pubsub")])

    def fill_redis(self, _: float) -> bool:
        """No memory for anything new, for a moment."""
        if not self._ask_redis(lambda client: client.config_set("maxmemory", 1)):
            return False
        self._later(FULL_SECONDS, "redis has room again", self._make_room)
        return True

    def _make_room(self) -> None:
        self._ask_redis(lambda client: client.config_set("maxmemory", 0))

    def _ask_redis(self, ask: Callable[[redis.Redis], object]) -> bool:
        if self._is_away("redis"):
            return False
        try:
            with redis.Redis.from_url(self._stage.redis.url, socket_timeout=1, socket_connect_timeout=1) as client:
                ask(client)
        except redis.RedisError:
            return False
        return True

    def _freeze_server(self, what: str, frozen: AbstractContextManager[None], seconds: float) -> bool:
        if self._is_away(what):
            return False
        frozen.__enter__()
        self._later(seconds, f"the {what} goes on", lambda: frozen.__exit__(None, None, None))
        return True

    # --- people ------------------------------------------------------------------------------------------------------

    def staff_retry(self, _: float) -> bool:
        self.staff.retry_all()
        return True


def _thaw(programs: list[Program]) -> None:
    for program in programs:
        program.thaw()


def _one(programs: list[Program], draw: float) -> Program:
    return programs[int(draw * len(programs))]


HANDS: Mapping[str, Callable[[Hands, float], bool]] = {
    "kill a worker": Hands.kill_worker,
    "kill a web process": Hands.kill_web_process,
    "kill a web server": Hands.kill_web,
    "kill a web server's master": Hands.kill_master,
    "kill a beat": Hands.kill_beat,
    "freeze a worker": Hands.freeze_worker,
    "freeze a beat": Hands.freeze_beat,
    "freeze everything": Hands.freeze_everything,
    "crash the database": Hands.crash_database,
    "freeze the database": Hands.freeze_database,
    "cut all database connections": Hands.cut_database,
    "kill redis": Hands.kill_redis,
    "flush redis": Hands.flush_redis,
    "freeze redis": Hands.freeze_redis,
    "fill redis": Hands.fill_redis,
    "cut all redis connections": Hands.cut_redis,
    "restart web in order": Hands.restart_web,
    "staff retry what waits for them": Hands.staff_retry,
}
