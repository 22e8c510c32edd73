"""Zeek's logs, as text and as JSON."""

from __future__ import annotations

import zipfile
from collections import Counter
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from reading_files import check_account, columns, read_text, read_value, seen

from tocsin.lab import Tally
from tocsin.lab.sources import zeek
from tocsin.lab.sources.rows import record_of

HEADER = """#separator \\x09
#set_separator\t,
#empty_field\t(empty)
#unset_field\t-
#path\t{path}
#open\t2026-03-01-00-00-00
#fields\t{fields}
#types\t{types}
"""
CONN = HEADER.format(
    path="conn",
    fields="ts\tuid\tid.orig_h\tid.orig_p\tid.resp_h\tid.resp_p\tproto\tduration\torig_bytes\tlocal_orig\ttunnel_parents",
    types="time\tstring\taddr\tport\taddr\tport\tenum\tinterval\tcount\tbool\tset[string]",
)
LINE = "1772323200.000001\tC1\t10.0.0.1\t50000\t192.0.2.7\t443\ttcp\t1.500000\t0\tT\t{set}\n"


def test_text_values_have_their_types(tmp_path: Path) -> None:
    (record,), tally = read_text(tmp_path, CONN + LINE.format(set="a,b"))
    assert (record.channel, record.time, record.provider) == ("zeek/conn", "2026-03-01T00:00:00.000001Z", "zeek")
    assert record.data == {
        "ts": 1772323200.000001, "uid": "C1", "id.orig_h": "10.0.0.1", "id.orig_p": 50000, "id.resp_h": "192.0.2.7",
        "id.resp_p": 443, "proto": "tcp", "duration": 1.5, "orig_bytes": 0, "local_orig": True,
        "tunnel_parents": ["a", "b"],
    }  # fmt: skip
    assert (tally.read, tally.problems) == (1, [])


def test_unset_is_absent_and_empty_is_empty(tmp_path: Path) -> None:
    records, _ = read_text(tmp_path, CONN + LINE.format(set="-") + LINE.format(set="(empty)"))
    assert "tunnel_parents" not in records[0].data
    assert records[1].data["tunnel_parents"] == []


def test_escaped_bytes_are_the_characters_they_are(tmp_path: Path) -> None:
    text = HEADER.format(path="http", fields="ts\turi\ttags", types="time\tstring\tset[string]")
    (record,), _ = read_text(tmp_path, text + "1.5\t/a\\x09\\xc3\\xa9\tx\\x2cy,z\n")
    assert record.data["uri"] == "/a\té"
    assert record.data["tags"] == ["x,y", "z"]


def test_logs_one_after_the_other_each_have_their_header(tmp_path: Path) -> None:
    dns = HEADER.format(path="dns", fields="ts\tquery", types="time\tstring")
    records, tally = read_text(
        tmp_path, CONN + LINE.format(set="-") + "#close\t2026-03-01-00-00-00\n" + dns + "1.0\ta.example\n"
    )
    assert [record.channel for record in records] == ["zeek/conn", "zeek/dns"]
    assert tally.problems == []


def test_common_columns(tmp_path: Path) -> None:
    (record,), _ = read_text(tmp_path, CONN + LINE.format(set="-"))
    found = columns(tmp_path, record)
    expected = {
        "source": "zeek", "src_address": "10.0.0.1", "src_port": 50000, "dst_address": "192.0.2.7", "dst_port": 443,
        "protocol": "tcp", "duration": 1.5, "bytes_out": 0,
    }  # fmt: skip
    assert {name: found.get(name) for name in expected} == expected


@pytest.mark.parametrize("shape", [
    {"_path": "dns", "ts": 1772323200.5, "uid": "C1", "id.orig_h": "10.0.0.1", "query": "a.example"},
    {"@path": "dns", "ts": 1772323200.5, "uid": "C1", "id.orig_h": "10.0.0.1", "query": "a.example"},
    {"@stream": "dns", "@system": "sensor", "@proc": "zeek", "ts": 1772323200.5, "id_orig_h": "10.0.0.1", "query": "a.example"},
    {"ts": "2026-03-01T00:00:00.500000Z", "uid": "C1", "id.orig_h": "10.0.0.1", "query": "a.example"},
    {"ts": 1772323200.5, "uid": "C1", "id": {"orig_h": "10.0.0.1"}, "query": "a.example"},
    {"dns": {"ts": 1772323200.5, "uid": "C1", "id.orig_h": "10.0.0.1", "query": "a.example"}},
])  # fmt: skip
def test_json_in_all_its_forms(tmp_path: Path, shape: dict[str, object]) -> None:
    record = read_value(tmp_path, shape)
    assert (record.channel, record.time) == ("zeek/dns", "2026-03-01T00:00:00.500000Z")
    assert record.data["id.orig_h"] == "10.0.0.1"
    assert record.host == ("sensor" if "@system" in shape else "")


@pytest.mark.parametrize(("path", "fields"), [
    ("conn", {"conn_state": "SF", "proto": "tcp"}),
    ("http", {"method": "GET", "host": "a.example", "uri": "/", "trans_depth": 1, "version": "1.1"}),
    ("ssl", {"version": "TLSv12", "cipher": "X", "server_name": "a.example", "established": True}),
    ("files", {"fuid": "F1", "mime_type": "text/plain", "seen_bytes": 1}),
    ("x509", {"certificate.serial": "00", "certificate.subject": "CN=a"}),
    ("kerberos", {"request_type": "AS", "client": "a/B"}),
    ("ntlm", {"username": "a", "domainname": "B"}),
    ("dce_rpc", {"endpoint": "svcctl", "operation": "CreateServiceW"}),
    ("smb_files", {"action": "SMB::FILE_OPEN", "name": "a.exe", "path": "\\\\h\\c$"}),
    ("smb_mapping", {"path": "\\\\h\\c$", "share_type": "DISK"}),
    ("rdp", {"cookie": "a", "security_protocol": "HYBRID"}),
    ("weird", {"name": "bad_checksum", "notice": False, "addl": "x"}),
    ("other", {"something": 1}),
])  # fmt: skip
def test_json_that_does_not_say_its_log_is_told_by_its_fields(
    tmp_path: Path, path: str, fields: dict[str, object]
) -> None:
    assert read_value(tmp_path, {"ts": 1772323200.5, "uid": "C1", **fields}).channel == f"zeek/{path}"


def test_rules_find_what_they_ask_for(tmp_path: Path) -> None:
    value = {
        "_path": "dce_rpc",
        "ts": 1.5,
        "uid": "C",
        "id_resp_p": 445,
        "endpoint": "svcctl",
        "operation": "CreateServiceA",
    }
    found = seen(read_value(tmp_path, value))
    assert (found["endpoint"], found["operation"], found["id.resp_p"]) == ("svcctl", "CreateServiceA", 445)


def test_parts_give_each_line_once(tmp_path: Path) -> None:
    path = tmp_path / "conn.log"
    path.write_text(CONN + "".join(LINE.replace("C1", f"C{number}").format(set="-") for number in range(50)))
    size = path.stat().st_size
    for part in (97, 500, size):
        found = [
            record_of(event).data["uid"]
            for start in range(0, size, part)
            for event in zeek.read(path, Tally(), start, start + part)
        ]
        assert found == [f"C{number}" for number in range(50)], part


def test_damaged_lines_cost_themselves(tmp_path: Path) -> None:
    good = LINE.format(set="-")
    content = (CONN + good + "1772323200.0\tC2\t10.0" + "\n" + "\x00\x01\n" + good + "#what\n" + good[:40]).encode()
    records, tally = read_text(tmp_path, content)
    assert (len(records), tally.not_understood, tally.skipped) == (2, 3, 1)
    assert tally.problems[0].place == f"byte {len(CONN + good)}"


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(data=st.data())
def test_any_damage_is_accounted_for(tmp_path: Path, data: st.DataObject) -> None:
    content = bytearray((CONN + LINE.format(set="a") * 5).encode())
    for _ in range(data.draw(st.integers(1, 8))):
        place = data.draw(st.integers(len(CONN), len(content) - 1))
        content[place] = data.draw(st.integers(0, 255))
    path = tmp_path / "evidence"
    path.write_bytes(bytes(content))
    tally = Tally()
    records = [record_of(event) for event in zeek.read(path, tally)]
    assert tally.read == len(records)
    lines = [line for line in bytes(content).split(b"\n") if line.decode("utf-8", "replace").strip()]
    headers = sum(line.startswith(b"#") for line in lines)
    assert len(lines) - headers <= tally.read + tally.not_understood + tally.skipped <= len(lines)


def test_real_logs_are_read_to_the_last_line(shared: Path, tmp_path: Path) -> None:
    channels: Counter[str] = Counter()
    for name in (
        "LSASS_campaign_01/metasploit_logonpasswords_lsass_memory_dump_zeek_logs",
        "apt29/day1/zeek/NASHUA-zeek_logs",
    ):
        with zipfile.ZipFile(shared / "otrf/compound" / f"{name}.zip") as archive:
            for member in archive.namelist():
                content = archive.read(member)
                records, tally = read_text(tmp_path, content)
                check_account(content, records, tally)
                assert tally.problems == []
                assert {record.channel for record in records} == {f"zeek/{member.removesuffix('.log')}"}
                channels.update(record.channel for record in records)
    assert channels["zeek/conn"] == 591
    assert channels["zeek/x509"] == 377
