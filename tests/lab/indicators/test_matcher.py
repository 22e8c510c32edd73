"""Matching: what is met, what is not, and that the index finds exactly what a naive search finds."""

from __future__ import annotations

import hashlib
import re
import tempfile
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from naive_matcher import naive

from tocsin.lab.indicators import model
from tocsin.lab.indicators.compile import compile_indicators
from tocsin.lab.indicators.matcher import WINDOW, Matcher, windows
from tocsin.lab.indicators.model import Indicator
from tocsin.lab.indicators.normal import normal
from tocsin.lab.record import Record

MD5 = hashlib.md5(b"x").hexdigest()
SHA256 = hashlib.sha256(b"x").hexdigest()


def indicator(kind: str, written: str, **more: Any) -> Indicator:
    value = written if more.get("form") else normal(kind, written)
    return Indicator(kind, value, written, **more)


def matcher_of(*indicators: Indicator) -> Matcher:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "set"
        compile_indicators(indicators, path)
        return Matcher(path)


def met(kind: str, written: str, fields: dict[str, Any], **more: Any) -> bool:
    return bool(matcher_of(indicator(kind, written, **more)).match_fields(fields))


@pytest.mark.parametrize(
    ("kind", "written", "field", "value"),
    [
        ("md5", MD5.upper(), "Hashes", f"SHA1=0000,MD5={MD5.upper()},IMPHASH=00"),
        ("sha256", SHA256, "message", f"file {SHA256}, seen"),
        ("imphash", MD5, "Hashes", f"MD5=aa,IMPHASH={MD5}"),
        ("ja3", MD5, "tls.ja3.hash", MD5),
        ("ip", "10.1.2.3", "DestinationIp", "10.1.2.3"),
        ("ip", "10.1.2.3", "CommandLine", "curl http://10.1.2.3:8080/a"),
        ("ip", "10.1.2.3", "IpAddress", "::ffff:10.1.2.3"),
        ("ip", "10.1.2.3", "IpAddress", "::ffff:a01:203"),
        ("ip", "10.1.2.3", "IpAddress", "010.001.002.003"),
        ("ip", "10.1.2.3", "CommandLine", "curl http://0x0a010203/a"),
        ("ip", "10.1.2.3", "CommandLine", "curl http://167838211/a"),
        ("ip", "2001:DB8::1", "DestinationIp", "2001:0db8:0:0:0:0:0:0001"),
        ("ip", "2001:db8::1", "CommandLine", "ping [2001:db8::1]:443"),
        ("ip", "fe80::1", "SourceIp", "fe80::1%eth0"),
        ("network", "10.1.0.0/16", "DestinationIp", "10.1.200.3"),
        ("network", "2001:db8::/32", "DestinationIp", "2001:db8:ffff::1"),
        ("domain", "evil.com", "QueryName", "EVIL.com."),
        ("domain", "evil.com", "QueryName", "a.b.evil.com"),
        ("domain", "evil.com", "CommandLine", "powershell iwr https://x.evil.com:8443/p"),
        ("domain", "evil.com", "message", "mail from bob@evil.com arrived"),
        ("domain", "bücher.example", "QueryName", "www.xn--bcher-kva.example"),
        ("domain", "xn--bcher-kva.example", "CommandLine", "curl http://bücher.example/x"),
        ("url", "HTTP://Evil.com:80/a%7eb", "CommandLine", "iwr('http://evil.com/a~b')"),
        ("url", "http://evil.com/a", "url", "http://evil.com/a?session=1"),
        ("email", "Bob@Evil.com", "message", "from <bob@evil.com>"),
        ("file_path", r"C:\Users\Public\x y.exe", "CommandLine", r'"C:\Users\Public\x y.exe" -k'),
        ("file_path", r"C:\Users\Public\x.exe", "Image", r"\Device\HarddiskVolume3\Users\Public\x.exe"),
        ("file_path", r"C:\Users\Public\x.exe", "CommandLine", "c:/users//public/x.exe"),
        ("file_path", r"%APPDATA%\up\x.exe", "Image", r"C:\Users\bob\AppData\Roaming\up\x.exe"),
        ("file_path", "/tmp/.x/bd", "exe", "/tmp/.x/bd"),
        ("file_name", "evil.exe", "Image", r"C:\Temp\EVIL.exe"),
        ("file_name", "отчёт.docx", "TargetFilename", r"C:\Temp\Отчёт.docx"),
        ("registry_key", r"HKEY_LOCAL_MACHINE\Software\Evil", "TargetObject", r"HKLM\SOFTWARE\Evil\Run"),
        ("registry_key", r"HKLM\Software\Evil", "ObjectName", r"\REGISTRY\MACHINE\SOFTWARE\Evil"),
        ("registry_key", r"HKCU\Software\Evil", "TargetObject", r"HKU\S-1-5-21-1-2-3-1001\Software\Evil"),
        ("registry_key", r"HKLM\System\CurrentControlSet\Services\x1y", "TargetObject",
         r"HKLM\System\ControlSet001\Services\x1y\ImagePath"),
        ("account", "evil", "TargetUserName", r"CORP\Evil"),
        ("account", r"CORP\evil", "User", r"CORP\evil"),
        ("account", "S-1-5-21-1-2-3-500", "SubjectUserSid", "S-1-5-21-1-2-3-500"),
        ("mutex", r"Global\EvilMtx", "message", r"created Global\EvilMtx now"),
        ("ja4", "t13d1516h2_8daaf6152771_b186095e22b6", "ja4", "t13d1516h2_8daaf6152771_b186095e22b6"),
        ("user_agent", "EvilBot/1.0 (x; y)", "cs_user_agent", "Mozilla EvilBot/1.0 (x; y)"),
        ("service", "EvilSvc", "ServiceName", "evilsvc"),
        ("service", "EvilSvc", "TargetObject", r"HKLM\System\CurrentControlSet\Services\EvilSvc\Start"),
        ("pipe", r"\\.\pipe\evil_1", "PipeName", r"\evil_1"),
        ("pipe", "evil_1", "CommandLine", r"echo x > \\.\pipe\evil_1"),
        ("command_line", "whoami  /all", "CommandLine", "cmd /c whoami /all"),
    ],
)  # fmt: skip
def test_met(kind: str, written: str, field: str, value: str) -> None:
    assert met(kind, written, {field: value})


@pytest.mark.parametrize(
    ("kind", "written", "field", "value"),
    [
        ("md5", MD5, "Hashes", f"IMPHASH={MD5}"),
        ("md5", MD5, "ja3", MD5),
        ("md5", MD5, "message", MD5 + "0"),
        ("ip", "10.1.2.3", "message", "110.1.2.3 10.1.2.30 10.1.2.3.4 9.10.1.2.3 a.10.1.2.3"),
        ("network", "10.1.0.0/16", "DestinationIp", "10.2.0.1"),
        ("domain", "evil.com", "QueryName", "notevil.com evil.com.example"),
        ("url", "http://evil.com/a", "url", "http://evil.com/ab"),
        ("email", "bob@evil.com", "message", "jbob@evil.com"),
        ("file_path", r"C:\Users\Public\x.exe", "Image", r"D:\Users\Public\x.exe"),
        ("file_path", r"C:\Public\x.exe", "Image", r"C:\Users\Public\x.exe"),
        ("file_name", "evil.exe", "Image", r"C:\Temp\not-evil.exe"),
        ("registry_key", r"HKLM\Software\Evil", "TargetObject", r"HKU\S-1-5-21-1\Software\Evil"),
        ("registry_key", r"HKLM\Software\Evil", "TargetObject", r"HKLM\Software\Evil2"),
        ("account", "evil", "CommandLine", "evil"),
        ("account", r"CORP\evil", "User", r"OTHER\evil"),
        ("service", "EvilSvc", "CommandLine", "evilsvc"),
    ],
)
def test_not_met(kind: str, written: str, field: str, value: str) -> None:
    assert not met(kind, written, {field: value})


def test_nested_fields_and_lists_are_searched() -> None:
    sightings = matcher_of(indicator("ip", "10.1.2.3")).match_fields({"a": {"b": ["x", {"c": "10.1.2.3"}]}, "n": 5})
    assert [(each.field, each.found) for each in sightings] == [("a.b.c", "10.1.2.3")]


def test_what_was_clean_once_stays_so_and_what_was_met_is_met_again() -> None:
    matcher = matcher_of(indicator("domain", "evil.com"))
    fields = {"QueryName": "www.evil.com", "Image": r"C:\a.exe"}
    first = matcher.match_fields(fields)
    assert len(first) == 1
    assert matcher.match_fields(fields) == first
    assert matcher.match_fields({"Image": r"C:\a.exe"}) == []


def test_the_same_value_counts_in_one_field_and_not_in_another() -> None:
    matcher = matcher_of(indicator("account", "mallory"))
    assert matcher.match_fields({"message": "mallory"}) == []
    assert len(matcher.match_fields({"TargetUserName": "mallory"})) == 1


def test_expired_indicators_are_flagged_and_not_dropped() -> None:
    matcher = matcher_of(
        indicator("ip", "10.1.2.3", valid_from="2024-01-01T00:00:00Z", valid_until="2024-02-01T00:00:00Z")
    )
    times = ("2023-12-31T23:59:59Z", "2024-02-01T00:00:00Z", "2024-02-01T00:00:00.5Z", "")
    found = [matcher.match_fields({"IpAddress": "10.1.2.3"}, time)[0].validity for time in times]
    assert found == ["before", "current", "expired", "current"]


def test_two_sources_of_one_value_are_two_sightings_in_the_order_of_the_set() -> None:
    both = (indicator("ip", "10.1.2.3", source="b"), indicator("ip", "10.1.2.3", source="a"))
    sightings = matcher_of(*both).match_fields({"IpAddress": "10.1.2.3"})
    assert [each.indicator.source for each in sightings] == ["b", "a"]


def test_match_reads_the_system_fields_too() -> None:
    record = Record(1, "2024-01-01T00:00:00Z", "h", "Security", "p", 1, {"Computer": "pc.evil.com"}, {"A": "b"})
    assert [each.field for each in matcher_of(indicator("domain", "evil.com")).match(record)] == ["Computer"]


@pytest.mark.parametrize(
    ("kind", "form", "value", "field", "text"),
    [
        ("command_line", "wildcard", "*invoke-evil*", "CommandLine", "powershell Invoke-Evil -x"),
        ("file_name", "wildcard", "evil?.exe", "Image", r"C:\Temp\evil7.exe"),
        ("domain", "wildcard", "*.evil-*.com", "CommandLine", "curl http://a.evil-9.com/"),
        ("url", "regex", r"/gate\.php$", "CommandLine", "curl http://a.com/gate.php"),
        ("file_path", "regex", r"\\temp\\[0-9]{4}\.dll", "ImageLoaded", r"C:\Temp\1234.dll"),
    ],
)
def test_patterns(kind: str, form: str, value: str, field: str, text: str) -> None:
    assert met(kind, value, {field: text}, form=form)
    assert not met(kind, value, {field: text.replace("evil", "good").replace("Evil", "x").replace("1234", "12")
                                 .replace("gate", "gat")}, form=form)  # fmt: skip


def test_a_file_is_met_by_its_hashes_and_its_name(tmp_path: Path) -> None:
    file = tmp_path / "evil.bin"
    file.write_bytes(b"x")
    matcher = matcher_of(indicator("sha256", SHA256), indicator("md5", MD5), indicator("file_name", "evil.bin"))
    assert [each.field for each in matcher.match_file(file)] == ["md5", "sha256", "FileName"]


def test_a_cut_off_set_is_refused(tmp_path: Path) -> None:
    compile_indicators([indicator("ip", "10.1.2.3")], tmp_path / "set")
    (tmp_path / "set").write_bytes((tmp_path / "set").read_bytes()[:-3])
    with pytest.raises(ValueError, match="cut off"):
        Matcher(tmp_path / "set")


def test_a_very_long_value_is_searched_to_its_end() -> None:
    value = "x " * WINDOW + "www.evil.com " + "y" * (2 * WINDOW) + " 10.1.2.3"
    matcher = matcher_of(indicator("domain", "evil.com"), indicator("ip", "10.1.2.3"))
    assert [each.found for each in matcher.match_fields({"m": value})] == ["evil.com", "10.1.2.3"]
    assert all(len(piece) <= WINDOW for piece in windows(value))


PARTS = ["evil", "com", "a", "b1", "10", "1", "2", "3", "exe", "bob", "c", "temp", "x", "é", "ffff", "0a", "255"]
GLUE = [".", ".", "\\", "/", ":", " ", "-", "_", "@", "=", ",", "::", "..", "\n", "(", '"']
TEXTS = st.lists(st.tuples(st.sampled_from(PARTS), st.sampled_from(GLUE)), max_size=9).map(
    lambda pairs: "".join(part + glue for part, glue in pairs)
)
KINDS = [model.IP, model.NETWORK, model.DOMAIN, model.FILE_NAME, model.FILE_PATH, model.MUTEX, model.ACCOUNT, model.MD5]


def _candidate(kind: str, text: str) -> Indicator | None:
    # Random text is hardly ever an address or a domain, so these are made of it.
    if kind in (model.IP, model.NETWORK):
        text = ".".join(str(byte) for byte in (text.encode() + b"\x0a\x01\x02\x03")[:4])
        text += "/24" if kind == model.NETWORK else ""
    if kind == model.DOMAIN:
        text = ".".join(re.findall("[a-z0-9]+", text))
    if kind == model.MD5:
        text = (text.encode().hex() * 32)[:32]
    try:
        return indicator(kind, text.rstrip(".:"))
    except ValueError:
        return None


@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    st.lists(st.tuples(st.sampled_from(KINDS), TEXTS), min_size=1, max_size=8),
    st.dictionaries(st.sampled_from(["User", "Image", "msg", "Hashes"]), TEXTS, max_size=3),
    st.data(),
)
def test_the_index_finds_what_a_naive_search_finds(
    written: list[tuple[str, str]], fields: dict[str, str], data: st.DataObject
) -> None:
    indicators = [made for kind, text in written if (made := _candidate(kind, text))]
    if indicators:  # texts that hold an indicator, with something around it
        chosen = data.draw(st.sampled_from(indicators))
        before, after = data.draw(TEXTS), data.draw(TEXTS)
        fields = {
            **fields,
            "planted": before + chosen.written.upper() + after,
            "TargetUserName": chosen.written,
            "below": "sub." + chosen.written,
        }
    matcher = matcher_of(*indicators)
    expected = naive(indicators, fields)
    for _ in range(2):  # the second time, what was clean is remembered
        found = {(each.field, each.indicator.kind, each.indicator.value) for each in matcher.match_fields(fields)}
        assert found == expected
