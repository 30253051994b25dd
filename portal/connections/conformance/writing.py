"""The report of a conformance run: Markdown for people, JSON for machines."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

from portal.connections.conformance.running import Check, Report

MOST_SHOWN: Final = 1500


def write(report: Report, path: Path) -> tuple[Path, Path]:
    """Write both beside each other, `<path>.md` and `<path>.json`; give where they are. Raises `OSError`."""
    stem = path.with_suffix("") if path.suffix in {".md", ".json"} else path
    stem.parent.mkdir(parents=True, exist_ok=True)
    texts = {".md": markdown(report), ".json": json.dumps(as_json(report), indent=2, ensure_ascii=False) + "\n"}
    written = [stem.with_name(stem.name + suffix) for suffix in texts]
    for place, text in zip(written, texts.values(), strict=True):
        place.write_text(text, encoding="utf-8")
    return written[0], written[1]


def as_json(report: Report) -> dict[str, Any]:
    """Everything, exchanges included: those are redacted."""
    connection = report.account.connection
    return {
        "integration": report.account.connector.metadata.slug,
        "connector": _path(report),
        "version": report.version,
        "connection": str(connection.pk) if connection else None,
        "base_url": report.account.base_url,
        "company": {"id": report.company.external_id, "name": report.company.name},
        "started_at": report.started_at.isoformat(),
        "ended_at": report.ended_at.isoformat(),
        "late_seconds": report.late_seconds,
        "key_seconds": report.account.connector.can.key_seconds,
        "trusted": report.trusted,
        "verdict": report.verdict,
        "checks": [{**check.told(), "exchanges": list(check.exchanges)} for check in report.checks],
    }


def markdown(report: Report) -> str:
    """The same for people: the verdict, a table, and then what was sent and seen."""
    return "\n".join((*_head(report), *(line for check in report.checks for line in _details(check)))) + "\n"


def _head(report: Report) -> Iterator[str]:
    metadata, can = report.account.connector.metadata, report.account.connector.can
    yield f"# Conformance of {metadata.name}, {report.started_at:%d %b %Y}"
    yield ""
    yield f"**{report.verdict}**"
    yield ""
    yield f"- Company: {report.company.name} ({report.company.external_id})"
    yield f"- Address: {report.account.base_url or 'the vendor’s own'}"
    yield f"- Connector: `{_path(report)}`, source {report.version}"
    yield f"- From {report.started_at:%Y-%m-%d %H:%M:%S} to {report.ended_at:%Y-%m-%d %H:%M:%S} UTC"
    yield f"- Life of a key: {f'{can.key_seconds} s' if can.key_seconds else 'the connector knows of none'}"
    yield ""
    yield "| check | outcome | documents there | seen |"
    yield "|---|---|---|---|"
    for check in report.checks:
        there = "not counted" if check.documents is None else str(check.documents)
        title = check.title if check.counts else f"{check.title} (for information)"
        yield f"| {title} | {check.outcome.label} | {there} | {_cell(check.seen)} |"


def _details(check: Check) -> Iterator[str]:
    yield ""
    yield f"## {check.title}"
    for number, one in enumerate(check.exchanges, start=1):
        answer = one["status"] if one["status"] is not None else one["failure"]
        yield ""
        yield f"{number}. `{one['method']} {one['url']}` – {answer}, {one['duration_ms']} ms"
        for side in ("request_body", "response_body"):
            if text := str(one[side]):
                yield from ("", f"   {side.replace('_', ' ')}:", "", *_block(text))


def _block(text: str) -> Iterator[str]:
    """Indented, so that no text of others can end it."""
    shown = text if len(text) <= MOST_SHOWN else f"{text[:MOST_SHOWN]} [cut]"
    yield from (f"       {line}" for line in shown.splitlines())


def _cell(text: str) -> str:
    return text.replace("|", "\\|")


def _path(report: Report) -> str:
    connector = report.account.connector
    return f"{connector.__module__}.{connector.__qualname__}"
