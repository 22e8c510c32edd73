"""`tocsin warbook` and `tocsin export-usb` as processes: from a folder alone, from a home, and refusing in words."""

from __future__ import annotations

import io
import re
import subprocess
import zipfile
from pathlib import Path

import pytest
import pyzipper
from pypdf import PdfReader

from .conftest import tocsin as run


def tocsin(home: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    return run(*arguments, home=home)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    made = tmp_path_factory.mktemp("plan") / "plan"
    assert tocsin(made.parent / "home", "plan", "init", str(made), "--name", "Quayside Ltd").returncode == 0
    return made


@pytest.fixture(scope="module")
def home(folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    made = tmp_path_factory.mktemp("home")
    assert tocsin(made, "plan", "import", str(folder)).returncode == 0
    done = tocsin(made, "declare", "Files encrypted", "--severity", "1", "--playbook", "ransomware")
    assert done.returncode == 0, done.stderr
    return made


def test_a_plan_folder_alone_is_enough(folder: Path, tmp_path: Path) -> None:
    done = tocsin(tmp_path / "no-home", "warbook", "--plan", str(folder), "-o", str(tmp_path / "book.pdf"))
    assert done.returncode == 0, done.stderr
    assert "Quayside Ltd" in PdfReader(tmp_path / "book.pdf").pages[0].extract_text().replace(
        "Quayside  Ltd", "Quayside Ltd"
    )
    assert not (tmp_path / "no-home").exists(), "no home was made"


def test_of_an_organization_and_of_an_incident(home: Path, tmp_path: Path) -> None:
    assert tocsin(home, "warbook", "-o", str(tmp_path / "a.pdf")).returncode == 0
    number = _number(home)
    done = tocsin(home, "warbook", "--incident", number, "-o", str(tmp_path / "b.pdf"))
    assert done.returncode == 0, done.stderr
    assert number in PdfReader(tmp_path / "b.pdf").pages[0].extract_text()
    assert not list((home / "tmp").iterdir())


def _number(home: Path) -> str:
    done = tocsin(home, "declare", "Another", "--severity", "3", "--playbook", "general")
    found = re.search(r"INC-\d{4}-\d+", done.stdout)
    assert found, done.stderr
    return found[0]


def test_a_stick_with_a_made_passphrase_opens(home: Path, tmp_path: Path) -> None:
    number = _number(home)
    done = tocsin(home, "export-usb", str(tmp_path), "--incident", number)
    assert done.returncode == 0, done.stderr
    passphrase = done.stdout.strip().splitlines()[-1].strip()
    (file,) = tmp_path.glob("*.zip")
    with pyzipper.AESZipFile(file) as outer:
        outer.setpassword(passphrase.encode())
        with zipfile.ZipFile(io.BytesIO(outer.read("contents.zip"))) as inner:
            assert f"incidents/{number}/log.jsonl" in inner.namelist()


def test_a_passphrase_of_ones_own_comes_from_a_file(home: Path, tmp_path: Path) -> None:
    secret = tmp_path / "passphrase"
    secret.write_text("hunter2\n", encoding="utf-8")
    refused = tocsin(home, "export-usb", str(tmp_path / "x.zip"), "--passphrase-file", str(secret))
    assert refused.returncode == 2
    assert "can be guessed" in refused.stderr
    assert "hunter2" not in refused.stderr
    assert not (tmp_path / "x.zip").exists()
    secret.write_text("marble ostrich lantern quorum velvet hazard pinecone\n", encoding="utf-8")
    done = tocsin(home, "export-usb", str(tmp_path / "x.zip"), "--passphrase-file", str(secret))
    assert done.returncode == 0, done.stderr
    assert "ostrich" not in done.stdout


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("warbook", "--incident", "INC-1999-001"), "There is no incident"),
        (("warbook", "--plan", "/nowhere/at/all"), "no such folder"),
        (("warbook", "-o", "/nowhere/at/all.pdf"), "No such file"),
        (("export-usb", "/tmp/never.zip", "--incident", "INC-1999-001"), "There is no incident"),
        (("export-usb", "/tmp/never.zip", "--passphrase-file", "/nowhere"), "cannot be read"),
    ],
)
def test_what_cannot_be_is_said(home: Path, arguments: tuple[str, ...], said: str) -> None:
    done = tocsin(home, *arguments)
    assert done.returncode == 2
    assert said in done.stderr
    assert "Traceback" not in done.stderr
