"""Importers: what each format gives, and an account that adds up."""

from __future__ import annotations

import contextlib
import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tocsin.lab.indicators import Account, ColumnError, Context, Import, UnreadableFeedError, import_file
from tocsin.lab.indicators.importers.defang import MARK, refanged
from tocsin.lab.indicators.importers.logic import reduced
from tocsin.lab.indicators.importers.stix_pattern import PatternError, parsed
from tocsin.lab.indicators.importers.table import read_table
from tocsin.lab.indicators.reading import stream

SHA256 = "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"
MD5 = "9e107d9d372bb6826bd81d3542a419d6"


def imported(tmp_path: Path, content: str | bytes | dict[str, Any] | list[Any], **more: Any) -> Import:
    file = tmp_path / "feed"
    if isinstance(content, dict | list):
        content = json.dumps(content)
    file.write_bytes(content.encode() if isinstance(content, str) else content)
    result = import_file(file, **more)
    account = result.account
    assert account.read == account.taken + account.duplicates + account.rejected + account.ignored
    assert account.taken == len(result.indicators) == sum(account.kinds.values())
    return result


def values(result: Import) -> list[tuple[str, str]]:
    return [(each.kind, each.value) for each in result.indicators]


def terms(pattern: str) -> list[tuple[str, str, str]]:
    return [(term.kind, term.value, term.form) for term in reduced(parsed(pattern)).terms]


@pytest.mark.parametrize(
    ("pattern", "expected"),
    [
        (f"[file:hashes.'SHA-256' = '{SHA256}']", [("sha256", SHA256, "literal")]),
        (f"[file:hashes.MD5='{MD5}' OR file:hashes.MD5 = 'x']", [("md5", MD5, "literal"), ("md5", "x", "literal")]),
        ("[ipv4-addr:value IN ('1.2.3.4', '5.6.7.8')]", [("ip", "1.2.3.4", "literal"), ("ip", "5.6.7.8", "literal")]),
        ("[ipv4-addr:value ISSUBSET '1.2.3.0/24']", [("ip", "1.2.3.0/24", "literal")]),
        ("[domain-name:value LIKE '%.evil.com']", [("domain", "*.evil.com", "wildcard")]),
        ("[url:value MATCHES '/gate[.]php$']", [("url", "/gate[.]php$", "regex")]),
        (r"[file:name = 'it\'s \\ x']", [("file_name", r"it's \ x", "literal")]),
        ("[network-traffic:dst_ref.value = '1.2.3.4' AND network-traffic:dst_port = 443]", [("ip", "1.2.3.4", "literal")]),
        (f"[file:name = 'a.exe' AND file:hashes.MD5 = '{MD5}']", [("md5", MD5, "literal")]),
        ("([a:b = 1] OR [mutex:name = 'abc']) WITHIN 5 SECONDS", [("mutex", "abc", "literal")]),
        ("[mutex:name='abc'] FOLLOWEDBY [url:value='http://a.b/'] REPEATS 2 TIMES", [("url", "http://a.b/", "literal")]),
        ("[mutex:name='abc'] START t'2024-01-01T00:00:00Z' STOP t'2024-01-02T00:00:00Z'", [("mutex", "abc", "literal")]),
        ("[windows-registry-key:values[*].name = 'x' OR email-addr:value = 'a@b.com']", [("email", "a@b.com", "literal")]),
        ("[network-traffic:extensions.'http-request-ext'.request_header.'User-Agent' = 'Evil/1']",
         [("user_agent", "Evil/1", "literal")]),
        ("[domain-name:value NOT = 'good.com']", []),
        ("[domain-name:value != 'good.com' AND ipv4-addr:value = '1.2.3.4']", [("ip", "1.2.3.4", "literal")]),
        ("[EXISTS file:name]", []),
        ("[file:size > 5]", []),
    ],
)  # fmt: skip
def test_stix_patterns(pattern: str, expected: list[tuple[str, str, str]]) -> None:
    assert terms(pattern) == expected


@pytest.mark.parametrize(
    "pattern",
    ["", "[", "[]", "[file:name]", "[file:name = ]", "[file:name = 'a'", "[file:name = 'a'] x", "[file:name ~ 'a']",
     "[file:name = 'a]", "[file:name IN ()]", "[" * 5000, "(" * 5000 + "[a:b=1]" + ")" * 5000,
     "[" + "(" * 5000 + "a:b=1", "[a:b='x'] WITHIN", "[a:b = 'x" + "\\" * 99999, "[a:b=1]" * 200_000],
)  # fmt: skip
def test_broken_stix_patterns_are_refused_with_a_place(pattern: str) -> None:
    with pytest.raises(PatternError):
        parsed(pattern)


def test_a_pattern_of_absurd_size_is_read_in_linear_time() -> None:
    many = " OR ".join(f"file:name = 'evil{number}.exe'" for number in range(20_000))
    assert len(terms(f"[{many}]")) == 20_000


def test_stix_bundle(tmp_path: Path) -> None:
    bundle = {
        "type": "bundle", "id": "bundle--1",
        "objects": [
            {"type": "identity", "id": "identity--1", "name": "ACME CERT"},
            {"type": "attack-pattern", "id": "attack-pattern--1",
             "external_references": [{"source_name": "mitre-attack", "external_id": "T1071.001"}]},
            {"type": "relationship", "id": "relationship--1", "relationship_type": "indicates",
             "source_ref": "indicator--1", "target_ref": "attack-pattern--1"},
            {"type": "indicator", "id": "indicator--1", "pattern": "[domain-name:value = 'Evil.COM']",
             "pattern_type": "stix", "valid_from": "2024-01-01T01:00:00+01:00", "valid_until": "2024-06-01T00:00:00.5Z",
             "confidence": 85, "created_by_ref": "identity--1", "labels": ["c2"], "name": "C2",
             "object_marking_refs": ["marking-definition--55d920b0-5e8b-4f79-9ee9-91f868d9b421"],
             "external_references": [{"source_name": "r", "url": "https://r.example/1"}]},
            {"type": "indicator", "id": "indicator--2", "pattern": "[domain-name:value = 'evil.com']"},
            {"type": "indicator", "id": "indicator--3", "pattern": "rule x {}", "pattern_type": "yara"},
            {"type": "indicator", "id": "indicator--4", "pattern": "[mutex:name = 'abc']", "revoked": True},
            {"type": "indicator", "id": "indicator--5", "pattern": "[mutex:name = 'abc'"},
            {"type": "indicator", "id": "indicator--6",
             "pattern": f"[file:size = 5 AND file:hashes.MD5 = '{MD5}'] OR [x509-certificate:subject = 'a']"},
        ],
    }  # fmt: skip
    result = imported(tmp_path, bundle)
    first = result.indicators[0]
    assert (first.kind, first.value, first.written) == ("domain", "evil.com", "Evil.COM")
    assert (first.source, first.confidence, first.tlp) == ("ACME CERT", 85, "AMBER")
    assert (first.valid_from, first.valid_until) == ("2024-01-01T00:00:00Z", "2024-06-01T00:00:00.500000Z")
    assert first.tags == ("c2", "attack.t1071.001")
    assert (first.description, first.reference) == ("C2", "https://r.example/1")
    assert values(result)[1:] == [("md5", MD5)]
    account = result.account
    assert (account.format, account.duplicates, account.ignored) == ("stix", 1, 1)
    assert [each.place for each in account.rejections] == ["indicator--3", "indicator--5", "indicator--6"]
    assert [each.value for each in account.notes] == ["file:size = 5"]


def test_misp_event(tmp_path: Path) -> None:
    event = {"Event": {
        "info": "Campaign", "uuid": "u-1", "Orgc": {"name": "CIRCL"},
        "Tag": [{"name": "tlp:amber+strict"}, {"name": 'misp-galaxy:mitre-attack-pattern="Web Protocols - T1071.001"'}],
        "Attribute": [
            {"type": "ip-dst|port", "value": "1.2.3.4|443", "to_ids": True, "first_seen": "2024-01-01T00:00:00+00:00",
             "last_seen": "2024-02-01T00:00:00+00:00", "comment": "C2"},
            {"type": "domain|ip", "value": "evil.com|5.6.7.8", "to_ids": "1"},
            {"type": "domain", "value": "victim.example", "to_ids": False},
            {"type": "domain", "value": "gone.example", "to_ids": True, "deleted": True},
            {"type": "filename|sha256", "value": f"a.exe|{SHA256}", "to_ids": True},
            {"type": "yara", "value": "rule", "to_ids": True, "uuid": "u-9"},
            {"type": "ip-dst", "value": "1.2.3.400", "to_ids": True},
        ],
        "Object": [{"name": "file", "Attribute": [{"type": "md5", "value": MD5, "to_ids": True}]}],
    }}  # fmt: skip
    result = imported(tmp_path, {"response": [event]})
    assert values(result) == [
        ("ip", "1.2.3.4"),
        ("domain", "evil.com"),
        ("ip", "5.6.7.8"),
        ("sha256", SHA256),
        ("md5", MD5),
    ]
    first = result.indicators[0]
    assert (first.source, first.tlp, first.valid_from, first.valid_until) == (
        "CIRCL", "AMBER+STRICT", "2024-01-01T00:00:00Z", "",
    )  # fmt: skip
    assert first.tags == ("attack.t1071.001", "last-seen:2024-02-01T00:00:00Z")
    assert (first.description, first.reference) == ("C2", "u-1")
    assert (result.account.format, result.account.ignored, result.account.rejected) == ("misp", 2, 2)


def test_csv_with_a_known_header(tmp_path: Path) -> None:
    text = (
        "Indicator Type;Indicator;Confidence;First Seen;Expires;TLP;Tags;Comment\n"
        "ipv4;1.2.3.4:8080;90;2024-01-01;2024-03-01;TLP:GREEN;a, b;C2\n"
        "sha256;" + SHA256.upper() + ";high;;;;;\n"
        "domain;no domain at all;1;;;;;\n"
        "banana;x;1;;;;;\n"
        "domain;EVIL.com;;;;;;\ndomain;evil.com;;;;;;\n"
    )
    result = imported(tmp_path, text, context=Context(source="feed", confidence=40))
    assert values(result) == [("ip", "1.2.3.4"), ("sha256", SHA256), ("domain", "evil.com")]
    first = result.indicators[0]
    assert (first.confidence, first.valid_from, first.valid_until) == (
        90,
        "2024-01-01T00:00:00Z",
        "2024-03-01T00:00:00Z",
    )
    assert (first.tlp, first.tags, first.description, first.source) == ("GREEN", ("a", "b"), "C2", "feed")
    assert [each.confidence for each in result.indicators] == [90, 85, 40]
    assert result.account.duplicates == 1
    assert [each.place for each in result.account.rejections] == ["line 4", "line 5"]


def test_csv_whose_header_is_a_comment(tmp_path: Path) -> None:
    text = f'# Feed\n# "first_seen_utc","sha256_hash","file_name"\n"2024-01-01 00:00:00","{SHA256}","evil tool.exe"\n'
    result = imported(tmp_path, text)
    assert values(result) == [("sha256", SHA256), ("file_name", "evil tool.exe")]
    assert result.indicators[0].valid_from == "2024-01-01T00:00:00Z"


def test_csv_without_a_header_and_lists(tmp_path: Path) -> None:
    assert values(imported(tmp_path, "1,evil.com,x y\n2,bad.org,z\n")) == [
        ("domain", "evil.com"),
        ("domain", "bad.org"),
    ]
    assert values(imported(tmp_path, f"# list\n1.2.3.4\n{MD5}\n8.8.0.0/16\n")) == [
        ("ip", "1.2.3.4"), ("md5", MD5), ("network", "8.8.0.0/16"),
    ]  # fmt: skip


def test_csv_with_a_mapping(tmp_path: Path) -> None:
    text = "what,foo,bar\nsee,internal,evilhost.lan\n"
    result = imported(tmp_path, text, mapping={"bar": "domain", "1": "description"})
    assert values(result) == [("domain", "evilhost.lan")]
    assert result.indicators[0].description == "see"
    with pytest.raises(UnreadableFeedError, match="no column 'nix'"):
        imported(tmp_path, text, mapping={"nix": "domain"})
    with pytest.raises(UnreadableFeedError, match="nothing a column can be"):
        imported(tmp_path, text, mapping={"bar": "nonsense"})


OPENIOC = """<?xml version="1.0"?>
<ioc xmlns="http://schemas.mandiant.com/2010/ioc" id="ioc-1"><short_description>Zeus</short_description>
<authored_by>Me</authored_by><authored_date>2012-05-01T00:00:00</authored_date><definition>
<Indicator operator="OR">
 <IndicatorItem condition="is"><Context document="FileItem" search="FileItem/Md5sum" type="mir"/>
  <Content type="md5">{md5}</Content></IndicatorItem>
 <IndicatorItem condition="contains"><Context search="ProcessItem/arguments"/><Content>-evilflag</Content></IndicatorItem>
 <IndicatorItem condition="is"><Context search="FileItem/SizeInBytes"/><Content>5</Content></IndicatorItem>
 <Indicator operator="AND">
  <IndicatorItem condition="is"><Context search="FileItem/FileName"/><Content>evil.exe</Content></IndicatorItem>
  <IndicatorItem condition="contains"><Context search="Network/DNS"/><Content>evil.com</Content></IndicatorItem>
 </Indicator>
</Indicator></definition></ioc>"""


def test_openioc(tmp_path: Path) -> None:
    result = imported(tmp_path, OPENIOC.format(md5=MD5))
    assert [(each.kind, each.value, each.form) for each in result.indicators] == [
        ("md5", MD5, "literal"), ("command_line", "*-evilflag*", "wildcard"), ("domain", "evil.com", "literal"),
    ]  # fmt: skip
    assert (result.indicators[0].source, result.indicators[0].description) == ("Me", "Zeus")
    assert [each.value for each in result.account.rejections] == ["FileItem/SizeInBytes is 5"]
    assert [each.value for each in result.account.notes] == ["FileItem/FileName is evil.exe"]


def test_openioc_1_1(tmp_path: Path) -> None:
    text = (
        '<OpenIOC xmlns="http://openioc.org/schemas/OpenIOC_1.1"><criteria><Indicator operator="OR">'
        '<IndicatorItem condition="is" negate="true"><Context search="PortItem/remoteIP"/><Content>1.2.3.4</Content>'
        '</IndicatorItem><IndicatorItem condition="ends-with"><Context search="FileItem/FullPath"/>'
        "<Content>\\temp\\x.dll</Content></IndicatorItem></Indicator></criteria></OpenIOC>"
    )
    result = imported(tmp_path, text)
    assert [(each.value, each.form) for each in result.indicators] == [("*\\temp\\x.dll", "wildcard")]
    assert "absence" in result.account.rejections[0].reason


REPORT = r"""The actor used hxxps://evil-c2[.]com/a/b.php?x=1 and 45.77.12[.]34; C2 at bad[dot]evil-bad[.]net:8443.
Mail from ceo{at}phish-login[.]com and boss[@]evil[.]org. Version 4.5.6.7, Firefox/102.0.1.9, build 10.0.17763.1.
C:\Users\Public\evil tool.exe dropped invoice_2024.docx and svchost.exe. See https://github.com/foo or mitre.org.
HKEY_LOCAL_MACHINE\SOFTWARE\Microsoft\Windows NT\Run\Updater was set; System.Net.WebClient, e.g. in the text.It
h**p://foo[.]top, http[:]//bar.info/p, hxxp[://]baz[.]cc/; evil\.domain\.ru, FULLWIDTH and transfer[.]sh
on \\.\pipe\msagent_12; 10.0.0.5 is ours, 2a03:2880:f12f::1 is theirs; at 12:30:45 in /tmp/.x/backdoor.
"""


def test_report(tmp_path: Path) -> None:
    result = imported(tmp_path, REPORT.replace("FULLWIDTH", "\uff45vil\uff0ecom") + f"MD5 {MD5} {MD5}, imphash: {MD5}")
    assert result.account.format == "text"
    assert set(values(result)) == {
        ("url", "https://evil-c2.com/a/b.php?x=1"), ("ip", "45.77.12.34"), ("domain", "bad.evil-bad.net"),
        ("email", "ceo@phish-login.com"), ("email", "boss@evil.org"), ("file_path", r"c:\users\public\evil tool.exe"),
        ("file_name", "invoice_2024.docx"), ("url", "http://foo.top/"), ("url", "http://bar.info/p"),
        ("registry_key", r"hklm\software\microsoft\windows nt\run\updater"), ("url", "http://baz.cc/"),
        ("domain", "evil.domain.ru"), ("domain", "evil.com"), ("domain", "transfer.sh"), ("pipe", "msagent_12"),
        ("ip", "2a03:2880:f12f::1"), ("file_path", r"\tmp\.x\backdoor"), ("md5", MD5), ("imphash", MD5),
    }  # fmt: skip
    reasons = {each.value: each.reason for each in result.account.rejections}
    assert "version" in reasons["4.5.6.7"]
    assert "version" in reasons["102.0.1.9"]
    assert "every Windows" in reasons["svchost.exe"]
    assert "link to" in reasons["https://github.com/foo"]
    assert "private" in reasons["10.0.0.5"]
    assert result.account.duplicates == 1


@pytest.mark.parametrize(
    ("written", "restored"),
    [
        ("hxxp://a[.]com", "http://a.com"), ("hXXps://a(.)com", "https://a.com"), ("a[dot]com", "a.com"),
        ("a (dot) com", "a.com"), ("a{.}com", "a.com"), ("a[.com", "a.com"), ("me[at]a[.]com", "me@a.com"),
        ("fxp://a.com", "ftp://a.com"), ("meow://a.com", "http://a.com"), ("1[.]2[.]3[.]4", "1.2.3.4"),
        ("a\uff0ecom", "a.com"), ("a\\.com", "a.com"), (r"C:\dir\.git", r"C:\dir\.git"), ("plain text.", "plain text."),
        ("http[:]//a.com", "http://a.com"), ("hxxp[://]a.com", "http://a.com"),
    ],
)  # fmt: skip
def test_refanging(written: str, restored: str) -> None:
    assert refanged(written).replace(MARK, "") == restored


def test_xml_bombs_and_entities_are_refused(tmp_path: Path) -> None:
    bomb = '<?xml version="1.0"?><!DOCTYPE ioc [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;">]><ioc>&b;</ioc>'
    with pytest.raises(UnreadableFeedError, match="document type or entities"):
        imported(tmp_path, bomb)
    with pytest.raises(UnreadableFeedError, match="no XML"):
        imported(tmp_path, "<?xml version='1.0'?><ioc>")


def test_deep_xml_costs_one_remark(tmp_path: Path) -> None:
    deep = "<Indicator operator='OR'>" * 50_000 + "</Indicator>" * 50_000
    result = imported(tmp_path, f"<ioc><definition>{deep}</definition></ioc>")
    assert "nested more than" in result.account.rejections[0].reason


def test_deep_and_foreign_json_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UnreadableFeedError):
        imported(tmp_path, '{"a":' * 100_000)
    with pytest.raises(UnreadableFeedError, match="neither STIX nor MISP"):
        imported(tmp_path, {"hello": [1]})
    nested: Any = {"type": "indicator", "id": "indicator--1", "pattern": [[[1]]], "labels": {"a": 1}}
    result = imported(tmp_path, {"type": "bundle", "objects": [nested, 5, None, "x"]})
    assert result.account.rejected == 1


def test_odd_json_shapes_raise_nothing_else(tmp_path: Path) -> None:
    for odd in (
        {"Event": {"Attribute": [5, {"type": []}]}},
        {"Attribute": [[]]},
        {"objects": [{"id": "a--b", "type": "a"}]},
    ):
        imported(tmp_path, odd)
    bundle = {
        "type": "bundle",
        "objects": [{"type": "indicator", "id": 5, "object_marking_refs": 7, "pattern": "[a:b=1]"}],
    }
    assert imported(tmp_path, bundle).account.rejected == 1


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.sampled_from(["indicator", "bundle", "[a:b='c']", "x--1", "domain"]),
    lambda inner: st.lists(inner, max_size=3)
    | st.dictionaries(
        st.sampled_from(["type", "id", "objects", "pattern", "labels", "Event", "Attribute", "Object", "Tag", "value",
                         "to_ids", "response", "name", "created_by_ref", "external_references", "valid_from"]),
        inner, max_size=5,
    ),
    max_leaves=25,
)  # fmt: skip


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(JSON)
def test_whatever_a_json_document_holds_it_is_imported_or_refused(tmp_path: Path, document: Any) -> None:
    with contextlib.suppress(UnreadableFeedError):
        imported(tmp_path, document if isinstance(document, dict | list) else [document])


def test_one_endless_line_of_text_is_read_in_pieces(tmp_path: Path) -> None:
    file = tmp_path / "report"
    with file.open("wb") as out:
        out.write(b"word evil-one[.]com ")
        for _ in range(40):
            out.write(b"a-a.a@" * 20_000)
        out.write(b" evil-two[.]com")
    result = import_file(file)
    assert {"evil-one.com", "evil-two.com"} <= {each.value for each in result.indicators}


def test_one_endless_line_of_a_table_is_rejected(tmp_path: Path) -> None:
    text = "domain,comment\nevil.com,x\nbad.com," + "y" * 3_000_000 + "\nworse.com,z\n"
    result = imported(tmp_path, text)
    assert [each.value for each in result.indicators] == ["evil.com", "worse.com"]
    assert "longer than" in result.account.rejections[0].reason


@pytest.mark.parametrize(
    "text", ["http://" * 9000, "a." * 30_000 + "@", "a-" * 30_000, "C:\\" * 20_000, "1." * 30_000, "[.]" * 20_000,
             ":" * 60_000, "\\." * 30_000, "x@" * 30_000, "HKLM\\" * 12_000, "/tmp" * 15_000, "hxxp" * 15_000],
)  # fmt: skip
def test_texts_made_to_stall_do_not(tmp_path: Path, text: str) -> None:
    file = tmp_path / "report"
    file.write_text("Notes.\n" + text)
    account = Account()
    for _ in stream(file, account):
        pass
    assert account.format == "text"


def test_a_table_without_anything_to_tell_columns_by_says_so(tmp_path: Path) -> None:
    from tocsin.lab.indicators.importers.collect import Collector

    file = tmp_path / "table"
    file.write_text("a,b\nx,y\n")
    with file.open("rb") as opened, pytest.raises(ColumnError, match="mapping"):
        list(read_table(opened, Collector(Account(), Context())))
