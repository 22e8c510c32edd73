"""The vault: nothing plain on disk, whole or not at all, changes found, export that the field can open."""

from __future__ import annotations

import io
import os
import stat
from hashlib import sha256
from pathlib import Path

import pytest
import pyzipper
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tocsin.lab.triage import triage_vaulted
from tocsin.lab.triage.vault import BLOCK, Vault, VaultError, create_key

SAMPLE = b"MZ harmless, recognisable sample content " * 10


@pytest.fixture
def vault(tmp_path: Path) -> Vault:
    create_key(tmp_path / "key")
    return Vault(tmp_path / "samples", tmp_path / "key")


def only_file(vault: Vault) -> Path:
    (file,) = [path for path in vault.folder.rglob("*") if path.is_file()]
    return file


@pytest.mark.parametrize("size", [0, 1, BLOCK - 1, BLOCK, BLOCK + 1, 2 * BLOCK, 2 * BLOCK + 7])
def test_what_goes_in_comes_out(vault: Vault, tmp_path: Path, size: int) -> None:
    content = os.urandom(size)
    kept = vault.put(io.BytesIO(content))
    assert (kept.sha256, kept.size, kept.known) == (sha256(content).hexdigest(), size, False)
    assert b"".join(vault.read(kept.sha256)) == content
    assert vault.size(kept.sha256) == size
    vault.get(kept.sha256, tmp_path / "plain")
    assert (tmp_path / "plain").read_bytes() == content


def test_nothing_plain_is_on_the_disk(vault: Vault, tmp_path: Path) -> None:
    source = tmp_path / "sample.exe"
    source.write_bytes(SAMPLE)
    vault.put(source)
    stored = only_file(vault)
    assert b"harmless" not in stored.read_bytes()
    assert stored.suffix == ".sealed"
    assert stat.S_IMODE(stored.stat().st_mode) & 0o077 == 0
    assert stat.S_IMODE((tmp_path / "key").stat().st_mode) == 0o600


def test_the_same_sample_twice_is_kept_once(vault: Vault) -> None:
    first = vault.put(io.BytesIO(SAMPLE))
    before = only_file(vault).read_bytes()
    second = vault.put(io.BytesIO(SAMPLE))
    assert (first.known, second.known) == (False, True)
    assert only_file(vault).read_bytes() == before
    assert vault.samples() == [first.sha256]


@given(at=st.integers(0, 2 * BLOCK + 200), bit=st.integers(0, 7))
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_any_changed_bit_is_found(vault: Vault, at: int, bit: int) -> None:
    kept = vault.put(io.BytesIO(b"a" * (2 * BLOCK + 100)))
    stored = only_file(vault)
    whole = stored.read_bytes()
    changed = bytearray(whole)
    changed[at % len(whole)] ^= 1 << bit
    stored.write_bytes(bytes(changed))
    with pytest.raises(VaultError, match="changed"):
        list(vault.read(kept.sha256))
    stored.write_bytes(whole)


def test_blocks_cut_off_moved_or_added_are_found(vault: Vault, tmp_path: Path) -> None:
    kept = vault.put(io.BytesIO(os.urandom(3 * BLOCK)))
    stored = only_file(vault)
    whole = stored.read_bytes()
    head, size = 40, BLOCK + 16
    blocks = [whole[head + n * size : head + (n + 1) * size] for n in range(3)]
    for bad in (
        whole[: head + 2 * size],
        whole[:-1],
        whole[:20],
        b"",
        whole[:head] + blocks[1] + blocks[0] + blocks[2],
        whole + blocks[2],
        whole[:head] + blocks[0] + blocks[2],
    ):
        stored.write_bytes(bad)
        with pytest.raises(VaultError):
            vault.get(kept.sha256, tmp_path / "plain")
        assert [path.name for path in tmp_path.iterdir() if "draft" in path.name or path.name == "plain"] == []
        assert list(vault.verify()) == [kept.sha256]
    stored.write_bytes(whole)
    assert vault.verify() == {}


def test_a_sample_under_another_name_is_found(vault: Vault) -> None:
    one, other = vault.put(io.BytesIO(b"one")), vault.put(io.BytesIO(b"other"))
    place = vault.folder / one.sha256[:2] / f"{one.sha256}.sealed"
    place.write_bytes((vault.folder / other.sha256[:2] / f"{other.sha256}.sealed").read_bytes())
    with pytest.raises(VaultError, match="not what its name says"):
        list(vault.read(one.sha256))


def test_another_key_opens_nothing(vault: Vault, tmp_path: Path) -> None:
    kept = vault.put(io.BytesIO(SAMPLE))
    create_key(tmp_path / "other")
    with pytest.raises(VaultError, match="key is another one"):
        list(Vault(vault.folder, tmp_path / "other").read(kept.sha256))
    (tmp_path / "no-key").write_text("password", encoding="ascii")
    with pytest.raises(VaultError, match="64 hexadecimal digits"):
        Vault(vault.folder, tmp_path / "no-key")
    with pytest.raises(FileExistsError):
        create_key(tmp_path / "key")


@pytest.mark.parametrize("name", ["../../etc/passwd", "", "a" * 63, "A" * 64])
def test_a_name_is_a_hash_and_nothing_else(vault: Vault, name: str) -> None:
    with pytest.raises(VaultError, match="no SHA-256"):
        list(vault.read(name))


def test_export_opens_with_the_password_of_the_field(vault: Vault, tmp_path: Path) -> None:
    kept = [vault.put(io.BytesIO(content)).sha256 for content in (SAMPLE, b"", os.urandom(BLOCK + 5))]
    vault.export(kept, tmp_path / "out.zip")
    with pyzipper.AESZipFile(tmp_path / "out.zip") as archive:
        assert sorted(archive.namelist()) == sorted(kept)
        assert all(info.flag_bits & 1 for info in archive.infolist())
        archive.setpassword(b"infected")
        assert all(sha256(archive.read(name)).hexdigest() == name for name in kept)
    assert b"harmless" not in (tmp_path / "out.zip").read_bytes()
    with pytest.raises(FileExistsError):
        vault.export(kept, tmp_path / "out.zip")
    with pytest.raises(VaultError):
        vault.export(["0" * 64], tmp_path / "bad.zip")
    assert not (tmp_path / "bad.zip").exists()


def test_a_sample_can_be_removed(vault: Vault) -> None:
    kept = vault.put(io.BytesIO(SAMPLE))
    vault.delete(kept.sha256)
    assert vault.samples() == []
    with pytest.raises(VaultError, match="no sample"):
        vault.delete(kept.sha256)


def test_triage_from_the_vault(vault: Vault, tmp_path: Path) -> None:
    kept = vault.put(io.BytesIO(b"@echo off\r\nset a=calc\r\nstart %a%.exe\r\n"))
    found, missing = triage_vaulted(vault.folder, tmp_path / "key", [kept.sha256, "0" * 64])
    assert (found.kind, found.hashes["sha256"]) == ("batch", kept.sha256)
    assert "no sample" in missing.problems[0].reason
