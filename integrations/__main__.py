"""Serve the stand-ins for outside systems: `python -m integrations --port 8001 --state var/sandbox`."""

from __future__ import annotations

import argparse
from importlib import import_module
from pathlib import Path
from wsgiref.types import WSGIApplication

from integrations.sandbox import Recorder, Store, mount, serve

STAND_INS = ("icompleat", "demo")


def main() -> None:
    """Serve the stand-ins until SIGTERM or SIGINT; prints `ready http://127.0.0.1:PORT` when they take requests."""
    arguments = _arguments()
    if arguments.state:
        arguments.state.mkdir(parents=True, exist_ok=True)
    stores = {
        slug: Store(slug, arguments.state, latency_ms=arguments.latency_ms) for slug in arguments.only or STAND_INS
    }
    # Nobody reads a record here; the recorder still reads each request to its end.
    apps: dict[str, WSGIApplication] = {
        slug: Recorder(import_module(f"integrations.{slug}.sandbox").build(store), keep=0)
        for slug, store in stores.items()
    }
    serve(mount(apps), port=arguments.port)
    for store in stores.values():
        store.close()


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m integrations", description=__doc__)
    parser.add_argument("--port", type=int, default=8001, help="where to listen on 127.0.0.1; 0 picks a free port")
    parser.add_argument("--state", type=Path, help="the directory that remembers; without it nothing survives the end")
    parser.add_argument("--latency-ms", type=int, default=0, help="how long the accounting systems pretend to work")
    parser.add_argument("--only", action="append", choices=STAND_INS, help="serve this one alone (may be repeated)")
    return parser.parse_args()


if __name__ == "__main__":
    main()
