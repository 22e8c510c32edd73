"""The search language: what queries mean, and what is said about those that cannot be understood."""

from __future__ import annotations

from datetime import UTC, datetime
from ipaddress import ip_network

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tocsin.lab.lake import QueryError, parse
from tocsin.lab.lake.tree import (
    And,
    Between,
    Common,
    Everything,
    Exists,
    Match,
    Not,
    Or,
    Own,
    Pattern,
    When,
    Wild,
    Within,
    Word,
)

ANY, ONE = Wild.ANY, Wild.ONE


def text(*pieces: str | Wild) -> Pattern:
    return Pattern.of(pieces)


A, B, C = (Word(text(letter)) for letter in "abc")


@pytest.mark.parametrize(
    ("query", "tree"),
    [
        ("", Everything()),
        ("   ", Everything()),
        ("a b", And((A, B))),
        ("a AND b or c", Or((And((A, B)), C))),
        ("a or b c", Or((A, And((B, C))))),
        ("not a b", And((Not(A), B))),
        ("not (a or b)", Not(Or((A, B)))),
        ("not not a", A),
        ("Android", Word(text("android"))),
        ('"not"', Word(text("not"))),
        ('"new * service"', Word(text("new * service"))),
        ('say""', Word(text("say"))),
        ('"a ""b"""', Word(text('a "b"'))),
        ("pow*s?ell", Word(text("pow", ANY, "s", ONE, "ell"))),
        (r"C:\Windows\*", Word(text("c:\\windows\\", ANY))),
        ("https://x.example/", Word(text("https://x.example/"))),
        ("code:4688", Match(Common("code"), text("4688"))),
        ("CODE:4688", Match(Common("code"), text("4688"))),
        ("code:(4624 or 4625)", Or((Match(Common("code"), text("4624")), Match(Common("code"), text("4625"))))),
        ("code:[4600 TO 4699]", Between(Common("code"), 4600, 4699)),
        ("code:{4600 to *]", Between(Common("code"), 4601, None)),
        ("dst_port:443", Between(Common("dst_port"), 443, 443)),
        ("dst_port:>1023", Between(Common("dst_port"), 1024, None)),
        ("dst_port:< 1023", Between(Common("dst_port"), None, 1022)),
        ("dst_port:44*", Match(Common("dst_port"), text("44", ANY))),
        ("user:*", Exists(Common("user"))),
        ("not user:SYSTEM", Not(Match(Common("user_name"), text("system")))),
        (r"user:HALDEN\*", Match(Common("user"), text("halden\\", ANY))),
        ("host:FS-01", Match(Common("host_name"), text("fs-01"))),
        ("host:fs*", Or((Match(Common("host_name"), text("fs", ANY)), Match(Common("host"), text("fs", ANY))))),
        ("host:fs-01.corp.example", Match(Common("host"), text("fs-01.corp.example"))),
        ('command_line:*"net user"*', Match(Common("command_line"), text(ANY, "net user", ANY))),
        ("fields.TargetObject:*Run*", Match(Own("TargetObject"), text(ANY, "run", ANY))),
        ('fields."odd "" name":x', Match(Own('odd " name'), text("x"))),
        ("fields.LogonType:[2 TO 3]", Between(Own("LogonType"), 2, 3)),
        ("src_address:10.1.2.3", Within("src_address", ip_network("10.1.2.3"))),
        ("src_address:10.1.2.3/8", Within("src_address", ip_network("10.0.0.0/8"))),
        ("dst_address:2001:db8::/32", Within("dst_address", ip_network("2001:db8::/32"))),
        ("hash:" + "A" * 64, Match(Common("sha256"), text("a" * 64))),
        ("duration:[0.5 TO 2]", Between(Common("duration"), 0.5, 2.0)),
        ("port:22", Or((Between(Common("src_port"), 22, 22), Between(Common("dst_port"), 22, 22)))),
        ("time:2026-03-13", When(datetime(2026, 3, 13, tzinfo=UTC), datetime(2026, 3, 14, tzinfo=UTC))),
        ("time:>=2026-03-13T06:00", When(datetime(2026, 3, 13, 6, tzinfo=UTC), None)),
        ("time:<=2026-03-13T06:00+02:00", When(None, datetime(2026, 3, 13, 4, 1, tzinfo=UTC))),
        ("time:>2026-03-13", When(datetime(2026, 3, 14, tzinfo=UTC), None)),
        (
            "time:[2026-03-13 TO 2026-03-14T06:00:00.5Z]",
            When(datetime(2026, 3, 13, tzinfo=UTC), datetime(2026, 3, 14, 6, 0, 0, 600_000, tzinfo=UTC)),
        ),
    ],
)
def test_a_query_means(query: str, tree: object) -> None:
    assert parse(query) == tree


@pytest.mark.parametrize(
    ("query", "says", "place"),
    [
        ("a or", "missing", 4),
        ("and a", "'and' needs something on both sides", 0),
        ("a (b", "( is never closed", 2),
        ("a b)", ") without its (", 3),
        ("()", "missing", 1),
        ('a "b', "quotation mark is never closed", 2),
        ("a hots:x", "Did you mean 'host'", 2),
        ("TargetObject:x", "fields.TargetObject:", 0),
        ("code:", "value is missing", 5),
        ("dst_port:abc", "whole numbers", 9),
        ("code:[1 2]", "[LOW TO HIGH]", 5),
        ("duration:long", "12 or 0.5", 9),
        ("time:yesterday", "2026-03-13T06:00", 5),
        ("time:2026-13-01", "is no time", 5),
        ("time:2026*", "no wildcards", 5),
        ("src_address:10.0.0.0/99", "no network", 12),
        ("src_address:[10.0.0.0 TO 10.0.0.9]", "by network", 12),
        ("dst_port:>", "value is missing", 9),
        ("time:[0001-01-01T00:00:00+14:00 TO *]", "is no time", 5),
        ("time:9999-12-31", "is no time", 5),
    ],
)
def test_an_error_says_what_is_wrong_and_where(query: str, says: str, place: int) -> None:
    with pytest.raises(QueryError) as caught:
        parse(query)
    assert says in str(caught.value)
    assert caught.value.place == place


@pytest.mark.parametrize(
    ("query", "says"),
    [("x" * 10_001, "10,000"), ("(" * 41 + "x" + ")" * 41, "40 deep"), ("x " * 501, "500 things")],
)
def test_too_much_is_refused(query: str, says: str) -> None:
    with pytest.raises(QueryError, match=says):
        parse(query)


def test_what_is_just_allowed_is_understood() -> None:
    parse("(" * 40 + "x" + ")" * 40)
    parse("x " * 500)
    parse("not " * 2_000 + "x")


@given(st.text(st.sampled_from(list("ab():\"*?[]{}<>=\\/. \x00'TO;-%_")) | st.characters(), max_size=60))
def test_any_text_is_understood_or_refused_with_a_place(query: str) -> None:
    place = 0
    try:
        parse(query)
    except QueryError as error:
        place = error.place
    assert 0 <= place <= len(query)
