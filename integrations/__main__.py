"""Serve the stand-ins for outside systems: `python -m integrations --port 8001 --state var/sandbox`.

With `--faults chaos --seed 7` those that can be disturbed are; `python -m integrations --help` lists the faults.
"""

from __future__ import annotations

import argparse
from importlib import import_module
from pathlib import Path
from wsgiref.types import WSGIApplication

from integrations.disturbed import Disturbed
from integrations.faults import ABOUT, PRESETS, BadPlan, Plan, parse
from integrations.sandbox import Recorder, Store, mount, serve

STAND_INS = ("icompleat", "accessplanit", "demo", "tryton", "odoo", "accountsiq", "codat")


def main() -> None:
    """Serve the stand-ins until SIGTERM or SIGINT; prints `ready http://127.0.0.1:PORT` when they take requests."""
    arguments = _arguments()
    if arguments.state:
        arguments.state.mkdir(parents=True, exist_ok=True)
    stores = {
        slug: Store(slug, arguments.state, latency_ms=arguments.latency_ms) for slug in arguments.only or STAND_INS
    }
    # Nobody reads a record here; the recorder still reads each request to its end.
    modules = {slug: import_module(f"integrations.{slug}.sandbox") for slug in stores}
    apps: dict[str, WSGIApplication] = {
        slug: Recorder(module.build(stores[slug]), keep=0) for slug, module in modules.items()
    }

    def wrap(slug: str, app: WSGIApplication) -> WSGIApplication:
        """A stand-in that says how its interface can be disturbed always can be, from outside at any time."""
        interface = getattr(modules[slug], "INTERFACE", None)
        return Disturbed(app, interface, plan=arguments.faults, seed=arguments.seed) if interface else app

    serve(mount(apps, wrap=wrap), port=arguments.port)
    for store in stores.values():
        store.close()


def _arguments() -> argparse.Namespace:
    faults = "\n".join(f"  {fault:<20} {about}" for fault, about in ABOUT.items())
    parser = argparse.ArgumentParser(
        prog="python -m integrations",
        description=__doc__,
        epilog=f"faults, each with a rate such as 429=0.1, or a preset ({', '.join(PRESETS)}):\n{faults}",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--port", type=int, default=8001, help="where to listen on 127.0.0.1; 0 picks a free port")
    parser.add_argument("--state", type=Path, help="the directory that remembers; without it nothing survives the end")
    parser.add_argument("--latency-ms", type=int, default=0, help="how long the accounting systems pretend to work")
    parser.add_argument("--only", action="append", choices=STAND_INS, help="serve this one alone (may be repeated)")
    parser.add_argument("--faults", type=_plan, default=Plan(), metavar="PLAN", help="what goes wrong, and how often")
    parser.add_argument("--seed", type=int, default=1, help="the same seed and order of requests, the same faults")
    return parser.parse_args()


def _plan(spec: str) -> Plan:
    try:
        return parse(spec)
    except BadPlan as error:
        raise argparse.ArgumentTypeError(str(error)) from error


if __name__ == "__main__":
    main()
