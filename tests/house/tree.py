"""The repository's own files, for tests about the repository."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]

# Made by running, never committed; `test_tree.py` holds that .gitignore names them.
LEFT_BEHIND = {
    ".coverage",
    ".hypothesis",
    ".import_linter_cache",
    ".mypy_cache",
    ".pytest_cache",
    ".ruff_cache",
    ".venv",
    ".venv-lock",
    "__pycache__",
    "htmlcov",
    "staticfiles",
    "var",
}


def files(suffix: str = "", below: str = ".") -> Iterator[Path]:
    """Every file of the repository with this suffix below a directory, relative to the root."""
    for path in sorted((ROOT / below).rglob(f"*{suffix}")):
        relative = path.relative_to(ROOT)
        if path.is_file() and relative.parts[0] != ".git" and LEFT_BEHIND.isdisjoint(relative.parts):
            yield relative


def read(path: str | Path) -> str:
    """A file's text."""
    return (ROOT / path).read_text(encoding="utf-8")
