"""What the parts of a Sigma rule mean: one table of detections, events that match and events that do not."""

from __future__ import annotations

import base64
from collections.abc import Callable
from typing import Any

import pytest
import yaml
from lab_events import record
from sigma.rule import SigmaRule

from tocsin.lab import RuleSet
from tocsin.lab.sigma.documents import with_wide
from tocsin.lab.sigma.explain import explain

RuleMaker = Callable[..., RuleSet]
C = "CommandLine"


def hits(make: RuleMaker, detection: dict[str, Any], data: dict[str, Any] | None, **logsource: str) -> bool:
    document = {
        "title": "Under test",
        "id": "5a0bbd04-0000-4000-8000-000000000001",
        "logsource": {"product": "windows"} | (logsource or {"service": "application"}),
        "detection": {"condition": "selection"} | detection,
    }
    rules = make(rule=yaml.safe_dump(document))
    assert not rules.rejected, rules.rejected
    each = record("Application", 1000, data)
    found = rules.matcher().matches(each) == [0]
    # Whoever asks why gets the same answer.
    assert explain(SigmaRule.from_dict(with_wide(document)), each).matches is found
    return found


def select(**selection: Any) -> dict[str, Any]:
    return {"selection": {name.replace("__", "|"): value for name, value in selection.items()}}


WIDE = base64.b64encode("Start-Process".encode("utf-16-le")).decode()

MATCHES: list[tuple[dict[str, Any], dict[str, Any] | None]] = [
    (select(CommandLine="WhoAmI"), {C: "whoami"}),
    (select(CommandLine=["a", "b"]), {C: "B"}),
    (select(CommandLine="a*c"), {C: "a\nbb\nc"}),
    (select(CommandLine="a*c"), {C: "ac"}),
    (select(CommandLine="a?c"), {C: "abc"}),
    (select(CommandLine="*a*b?d"), {C: "xxaxxbbcd"}),
    (select(CommandLine=r"a\*c"), {C: "a*c"}),
    (select(CommandLine=r"C:\\*"), {C: r"c:\temp"}),
    (select(CommandLine__contains="C:\\Windows\\"), {C: r"x c:\windows\y"}),
    (select(CommandLine__endswith=["\\a.exe", "\\b.exe"]), {C: r"C:\B.EXE"}),
    (select(CommandLine__contains__all=["a", "b"]), {C: "xbxa"}),
    (select(CommandLine__re="w[hi]+o$"), {C: "the who"}),
    (select(CommandLine__re__i="WHO"), {C: "who"}),
    (select(CommandLine__re__m="^b"), {C: "a\nb"}),
    (select(CommandLine__re__s="a.b"), {C: "a\nb"}),
    (select(CommandLine__re=".{5,}"), {C: "ab\ncdefg"}),
    (select(CommandLine__re__s=".{5,}"), {C: "ab\ncd"}),
    (select(SourceIp__cidr="10.0.0.0/8"), {"SourceIp": "10.2.3.4"}),
    (select(SourceIp__cidr="fe80::/10"), {"SourceIp": "fe80::1"}),
    (select(CommandLine__base64offset__contains="secret"), {C: base64.b64encode(b"a secret").decode()}),
    (select(CommandLine__utf16le__base64offset__contains="Process"), {C: f"powershell -enc {WIDE}"}),
    (select(CommandLine__windash__contains=" -foo"), {C: "x /foo"}),
    (select(CommandLine__windash__contains=" -foo"), {C: "x \u2013foo"}),
    (select(CommandLine__exists=True), {C: None}),
    (select(CommandLine__exists=False), {"Other": "x"}),
    (select(Image__fieldref="ParentImage"), {"Image": "A.exe", "ParentImage": "a.EXE"}),
    (select(Image__fieldref__contains="ParentImage"), {"Image": "say a.exe now", "ParentImage": "A.exe"}),
    (select(Size__gt=5), {"Size": "6"}),
    (select(Size__lte=5), {"Size": 5}),
    (select(CommandLine__cased="Foo"), {C: "Foo"}),
    (select(CommandLine__contains__cased="Foo"), {C: "a Foo"}),
    (select(CommandLine__neq="a"), {C: "b"}),
    (select(CommandLine__neq="a"), {"Other": "b"}),
    (select(Initiated="true"), {"Initiated": True}),
    (select(Initiated=False), {"Initiated": "False"}),
    (select(Number=5), {"Number": "5"}),
    (select(Number="5"), {"Number": 5}),
    (select(StartModule=None), {"Other": "x"}),
    (select(StartModule=None), {"StartModule": None}),
    (select(StartModule=None), {"StartModule": ""}),
    (select(StartModule=[]), {"StartModule": ""}),
    (select(StartModule=""), {"StartModule": ""}),
    (select(Data__contains__all=["one", "two"]), {"Data": {"#text": ["x one", "x two"]}}),
    (select(Data__contains="one"), {"Data": "the one"}),
    (select(ThreatName="Evil"), {"Threat Name": "evil"}),
    (select(Time__hour=3), {"Time": "2026-03-01T03:10:00Z"}),
    ({"selection": ["mimi*z", "other"]}, {"Anything": "xx MIMIKATZ xx"}),
    ({"selection": {"|all": ["one", "two"]}}, {"A": "one", "B": "two"}),
    ({"selection": ["evil", {C: "b"}]}, {C: "b"}),
    ({"selection": [{"A": "1"}, {"B": "2"}]}, {"B": "2"}),
    ({"selection": {C: "a"}, "filter": {"Parent": "x"}, "condition": "selection and not filter"}, {C: "a"}),
    ({"s_a": {C: "a"}, "s_b": {C: "b"}, "condition": "1 of s_*"}, {C: "b"}),
    ({"s_a": {"A": "a"}, "s_b": {"B": "b"}, "condition": "all of them"}, {"A": "a", "B": "b"}),
    ({"a": {"A": "1"}, "b": {"A": "2"}, "condition": ["a", "b"]}, {"A": "2"}),
    # not binds before and, and before or
    ({"a": {"A": "1"}, "b": {"B": "1"}, "c": {"C": "1"}, "condition": "a or b and not c"}, {"A": "1", "C": "1"}),
]  # fmt: skip

MISSES: list[tuple[dict[str, Any], dict[str, Any] | None]] = [
    (select(CommandLine="whoami"), {C: "whoami /all"}),
    (select(CommandLine="a?c"), {C: "ac"}),
    (select(CommandLine="a*b*a"), {C: "aba b"}),
    (select(CommandLine="ab*ba"), {C: "aba"}),
    (select(CommandLine=r"a\*c"), {C: "abc"}),
    (select(CommandLine__contains__all=["a", "b"]), {C: "a"}),
    (select(CommandLine__re="WHO"), {C: "who"}),
    (select(CommandLine__re="a.b"), {C: "a\nb"}),
    (select(CommandLine__re=".{5,}"), {C: "abcd\nefg"}),
    (select(SourceIp__cidr="10.0.0.0/8"), {"SourceIp": "11.2.3.4"}),
    (select(SourceIp__cidr="10.0.0.0/8"), {"SourceIp": "-"}),
    # encoded text in another case is another text
    (select(CommandLine__base64offset__contains="secret"), {C: base64.b64encode(b"a secret").decode().swapcase()}),
    (select(CommandLine__exists=True), {"Other": "x"}),
    (select(CommandLine__exists=False), {C: None}),
    (select(Image__fieldref="ParentImage"), {"Image": "a"}),
    (select(Image__fieldref="ParentImage"), None),
    (select(Size__gt=5), {"Size": "5"}),
    (select(Size__gt=5), {"Size": "0x10"}),
    (select(Size__gt=5), {"Size": "nan"}),
    (select(Size__gt=5), {"Size": True}),
    (select(CommandLine__cased="Foo"), {C: "foo"}),
    (select(CommandLine__neq="a"), {C: "A"}),
    (select(Initiated="true"), {"Initiated": 1}),
    (select(StartModule=None), {"StartModule": "x"}),
    (select(StartModule=""), {"Other": "x"}),
    (select(CommandLine="*"), {C: None}),
    ({"selection": {"|all": ["one", "two"]}}, {"A": "one"}),
    ({"selection": {C: "a"}, "_hidden": {C: "b"}, "condition": "1 of them"}, {C: "b"}),
    ({"selection": {C: "a"}, "filter": {"Parent": "x"}, "condition": "selection and not filter"},
     {C: "a", "Parent": "X"}),
]  # fmt: skip


@pytest.mark.parametrize(("detection", "data"), MATCHES)
def test_match(rules_from: RuleMaker, detection: dict[str, Any], data: dict[str, Any] | None) -> None:
    assert hits(rules_from, detection, data)


@pytest.mark.parametrize(("detection", "data"), MISSES)
def test_no_match(rules_from: RuleMaker, detection: dict[str, Any], data: dict[str, Any] | None) -> None:
    assert not hits(rules_from, detection, data)


def test_a_pattern_stays_fast_on_a_hostile_text(rules_from: RuleMaker) -> None:
    pattern = "*a*a*a*a*a*a*a*a*a*a*b"
    assert not hits(rules_from, select(CommandLine=pattern), {C: "a" * 50_000})
    assert not hits(rules_from, select(CommandLine__re="(a+)+b"), {C: "a" * 50_000})
