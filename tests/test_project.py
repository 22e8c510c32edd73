"""The package as it is built: locked without addresses, assets inside, nothing fetched from elsewhere."""

from __future__ import annotations

import importlib.util
import json
import re
import subprocess
import sys
import tomllib
from pathlib import Path
from types import ModuleType

import pytest

ROOT = Path(__file__).parent.parent
BUILT = ROOT / "src" / "tocsin" / "web" / "static" / "build"


@pytest.fixture
def hook() -> ModuleType:
    spec = importlib.util.spec_from_file_location("hatch_build", ROOT / "hatch_build.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    module.build()
    return module


def test_the_assets_are_locked_with_hashes_and_without_addresses() -> None:
    packages = json.loads((ROOT / "assets" / "package-lock.json").read_text(encoding="utf-8"))["packages"]
    fetched = {name: entry for name, entry in packages.items() if name}
    assert "node_modules/esbuild" in fetched
    assert [name for name, entry in fetched.items() if "resolved" in entry] == []
    assert [name for name, entry in fetched.items() if not entry.get("integrity", "").startswith("sha512-")] == []


def test_the_assets_are_pinned_exactly() -> None:
    wanted = json.loads((ROOT / "assets" / "package.json").read_text(encoding="utf-8"))["devDependencies"]
    assert [name for name, version in wanted.items() if not re.fullmatch(r"\d+\.\d+\.\d+", version)] == []


@pytest.mark.parametrize("name", ["requirements.lock", "requirements-dev.lock"])
def test_python_packages_are_locked_with_hashes_and_without_addresses(name: str) -> None:
    text = (ROOT / name).read_text(encoding="utf-8")
    assert "://" not in text
    pins = re.split(r"^(?=[a-z0-9])", text, flags=re.MULTILINE | re.IGNORECASE)[1:]
    assert len(pins) > 30
    assert [pin.split()[0] for pin in pins if "--hash=sha256:" not in pin or "==" not in pin.split()[0]] == []


def test_the_locks_hold_what_the_project_asks_for() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    run, dev = (_locked(ROOT / name) for name in ("requirements.lock", "requirements-dev.lock"))
    asked = {_name(text) for text in project["project"]["dependencies"] + project["build-system"]["requires"]}
    assert asked - run.keys() == set()
    assert {_name(text) for text in project["project"]["optional-dependencies"]["dev"]} - dev.keys() == set()
    assert {name: version for name, version in run.items() if dev.get(name) != version} == {}


def test_unchanged_assets_are_not_built_again(hook: ModuleType, monkeypatch: pytest.MonkeyPatch) -> None:
    def no_node(*arguments: str) -> None:
        raise AssertionError(f"node was called: {arguments}")

    monkeypatch.setattr(hook, "_node", no_node)
    assert hook.build() is False


def test_changed_assets_are_built_again(hook: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    called: list[str] = []
    monkeypatch.setattr(hook, "STAMP", tmp_path / "stamp")
    monkeypatch.setattr(hook, "_node", lambda *arguments: called.append(Path(arguments[0]).name))
    (tmp_path / "stamp").write_text("of other sources", encoding="ascii")
    assert hook.build() is True
    assert called == ["build.mjs"]
    assert hook.build() is False


def test_the_bundle_is_whole_and_fetches_nothing_from_elsewhere(hook: ModuleType) -> None:
    style = (BUILT / "app.css").read_text(encoding="utf-8")
    assert style.startswith("@layer base;")
    links = re.findall(r"url\(\"?'?([^)\"']+)", style)
    files = [link for link in links if not link.startswith("data:")]
    assert len(files) >= 9
    assert [link for link in files if not (BUILT / link).is_file()] == []
    assert "@import" not in style
    assert len(style) < 180_000
    scripts = "".join((BUILT / name).read_text(encoding="utf-8") for name in ("app.js", "theme.js"))
    assert "sourceMappingURL" not in style + scripts
    licences = {path.name for path in (BUILT / "licenses").iterdir()}
    assert {"fontsource-b612.txt", "htmx.org.txt", "tabler-core.txt"} <= licences


def test_a_wheel_holds_the_assets_and_the_templates(hook: ModuleType, tmp_path: Path) -> None:
    subprocess.run(
        [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(tmp_path)], cwd=ROOT, check=True
    )
    (wheel,) = tmp_path.glob("tocsin-*.whl")
    listing = subprocess.run(
        [sys.executable, "-m", "zipfile", "-l", str(wheel)], check=True, capture_output=True, text=True
    ).stdout
    for name in (
        "build/app.css",
        "build/app.js",
        "build/theme.js",
        "build/fonts/b612-latin-400-normal.woff2",
    ):
        assert f"tocsin/web/static/{name} " in listing
    assert "tocsin/web/templates/web/base.html " in listing
    assert "node_modules" not in listing


@pytest.mark.skipif(not list(Path("/usr/lib/postgresql").glob("*/bin/initdb")), reason="no PostgreSQL server here")
@pytest.mark.parametrize("status", [0, 7])
def test_a_throw_away_postgres_answers_and_is_gone_afterwards(status: int) -> None:
    ask = (
        "import os, sys, psycopg\n"
        "with psycopg.connect(os.environ['TOCSIN_DATABASE_URL']) as connection:\n"
        "    print(connection.execute('SHOW data_directory').fetchone()[0])\n"
        f"sys.exit({status})"
    )
    done = subprocess.run(
        [str(ROOT / "scripts" / "with-postgres"), sys.executable, "-c", ask],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == status, done.stderr
    folder = Path(done.stdout.strip().splitlines()[-1])
    assert folder.name == "data"
    assert not folder.parent.exists()


def _locked(path: Path) -> dict[str, str]:
    pins = re.findall(r"^([A-Za-z0-9._-]+)(?:\[[^]]*\])?==(\S+)", path.read_text(encoding="utf-8"), flags=re.MULTILINE)
    return {_name(name): version for name, version in pins}


def _name(text: str) -> str:
    """A requirement's package name as registries compare it."""
    return re.sub(r"[-_.]+", "-", re.split(r"[^A-Za-z0-9._-]", text, maxsplit=1)[0]).lower()
