"""Odoo itself, brought below `var/live/odoo` once: Debian's package unpacked, not installed, and wheels in a venv.

The package comes from whatever mirror this machine's apt is set up with, its signature checked by apt against the
keyring of Debian; nothing of the machine's own apt state is touched. Needs `apt-get`, `dpkg-deb` and pip.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).parents[3]
CACHE: Final = ROOT / "var" / "live" / "odoo"
PACKAGE: Final = "odoo-19"
SUITE: Final = "sid"  # the only one of Debian that has Odoo
WHEELS: Final = Path(__file__).with_name("wheels.txt")
_TREE: Final = "usr/lib/python3/dist-packages"
_KEYRING: Final = "/usr/share/keyrings/debian-archive-keyring.gpg"


def python() -> Path:
    """The interpreter that can run Odoo; made on the first call, which takes about a minute."""
    venv = CACHE / "venv"
    made = venv / "made"
    if not made.exists() or made.read_text() != WHEELS.read_text():
        shutil.rmtree(venv, ignore_errors=True)
        _run(sys.executable, "-m", "venv", str(venv))
        _run(str(venv / "bin" / "pip"), "install", "-qq", "--requirement", str(WHEELS))
        made.write_text(WHEELS.read_text())
    return venv / "bin" / "python"


def source() -> Path:
    """The directory to put on `PYTHONPATH`; unpacked on the first call."""
    tree = CACHE / "package"
    if not tree.exists():
        unpacking = CACHE / "unpacking"
        shutil.rmtree(unpacking, ignore_errors=True)
        unpacking.mkdir(parents=True)
        package = _download()
        _unpack(package, unpacking)
        package.unlink()
        unpacking.rename(tree)
    return tree / _TREE


def version() -> str:
    """Debian's version of the package that is used, for reports."""
    return (CACHE / "package" / "version").read_text().strip()


def _download() -> Path:
    """The package's file, through an apt whose lists and cache lie below our directory."""
    apt = CACHE / "apt"
    for part in ("lists/partial", "cache/archives/partial"):
        (apt / part).mkdir(parents=True, exist_ok=True)
    (apt / "sources.list").write_text(f"deb [signed-by={_KEYRING}] {_mirror()} {SUITE} main\n")
    (apt / "conf").write_text(
        f'Dir::Etc::SourceList "{apt}/sources.list";\nDir::Etc::SourceParts "/dev/null";\n'
        f'Dir::State::Lists "{apt}/lists";\nDir::Cache "{apt}/cache";\n'
    )
    environment = {"APT_CONFIG": str(apt / "conf")}
    _run("apt-get", "update", "-qq", **environment)
    _run("apt-get", "download", "-qq", PACKAGE, **environment)
    return max(CACHE.glob(f"{PACKAGE}_*.deb"), key=lambda path: path.stat().st_mtime)


def _mirror() -> str:
    """The mirror that this machine is set up with, without naming one here."""
    wanted = ("apt-get", "indextargets", "--format", "$(REPO_URI)", "Created-By: Packages")
    told = {line for line in _run(*wanted).split() if "security" not in line}
    if not told:
        raise RuntimeError("This machine's apt knows no Debian mirror, so Odoo cannot be brought here.")
    return min(told)


def _unpack(package: Path, into: Path) -> None:
    """Only the program, without its translations, which are three quarters of it."""
    with subprocess.Popen(("dpkg-deb", "--fsys-tarfile", package), stdout=subprocess.PIPE) as packed:
        chosen = ("--wildcards", "--exclude=*/i18n/*", f"./{_TREE}/odoo")
        subprocess.run(("tar", "-x", "-C", into, *chosen), stdin=packed.stdout, check=True)
    (into / "version").write_text(_run("dpkg-deb", "--field", str(package), "Version"))


def _run(*command: str, **environment: str) -> str:
    """What a command says. Raises `subprocess.CalledProcessError` when it fails; its complaints go to the terminal."""
    CACHE.mkdir(parents=True, exist_ok=True)
    settings: Mapping[str, str] = {**os.environ, **environment}
    done = subprocess.run(command, cwd=CACHE, env=settings, check=True, stdout=subprocess.PIPE, text=True)
    return done.stdout
