"""Lists of recipients: what is read, what is folded, and every line that is no recipient named with what is wrong."""

from __future__ import annotations

import pytest
from comms_cast import Cast
from hypothesis import given
from hypothesis import strategies as st

import factories
from tocsin.comms import actions
from tocsin.comms.lists import LARGEST, MOST, Row, read_list
from tocsin.comms.queries import reach_of
from tocsin.core.access import Forbidden
from tocsin.core.action import Invalid
from tocsin.core.models import LogEntry
from tocsin.incidents.models import Incident


@pytest.mark.parametrize(
    ("line", "row"),
    [
        ("ada@example.org", Row("", "mailto:ada@example.org")),
        ("Ada, ada@example.org", Row("Ada", "mailto:ada@example.org")),
        ("Ada;ada@example.org;de", Row("Ada", "mailto:ada@example.org", "de")),
        ("ada@example.org, de", Row("", "mailto:ada@example.org", "de")),
        ("ada@example.org, Ada Lovelace, en-GB", Row("Ada Lovelace", "mailto:ada@example.org", "en-gb")),
        ('"Lovelace, Ada",ADA@EXAMPLE.ORG,fr', Row("Lovelace, Ada", "mailto:ADA@example.org", "fr")),
        ("Ada Lovelace <ada@example.org>", Row("Ada Lovelace", "mailto:ada@example.org")),
        ("mailto:ada@example.org", Row("", "mailto:ada@example.org")),
        ("Čenda\tc@example.cz\tcs", Row("Čenda", "mailto:c@example.cz", "cs")),
    ],
)
def test_a_line_in_many_forms(line: str, row: Row) -> None:
    found = read_list(line)
    assert (found.rows, found.faults) == ([row], [])


@pytest.mark.parametrize(
    ("line", "what"),
    [
        ("Ada", "no mail address"),
        ("ada@", "no mail address"),
        ("ada@localhost", "no mail address"),
        ("a..b@example.org", "no mail address"),
        ("ada@example.org\\nBcc: x@example.org", "no mail address"),
        ("Ada,", "no address"),
        ("Ada,ada@example.org,English language", "no language"),
        ("json://10.0.0.1/admin", "'json:' is not allowed in a list"),
        ("file:///etc/passwd", "not allowed"),
        ("a,b,c,d,e", "more than three columns"),
        ('"Ada,ada@example.org', "not closed"),
        ("x" * 3000, "longer than 2000"),
        ("n" * 300 + ",ada@example.org", "name is longer"),
    ],
)
def test_a_broken_line_is_named_with_its_number(line: str, what: str) -> None:
    found = read_list(f"bo@example.org\n\n{line}\nada@example.net")
    assert [r.address for r in found.rows] == ["mailto:bo@example.org", "mailto:ada@example.net"]
    [fault] = found.faults
    assert fault.line == 3
    assert what in fault.what


def test_a_heading_says_the_order_and_a_repeated_address_is_folded() -> None:
    text = "Language;E-mail;Name\nde;ada@example.org;Ada\n;ADA@example.org;Ada again\nen;bo@example.org;Bo;more\n"
    found = read_list(text)
    assert found.rows == [Row("Ada", "mailto:ada@example.org", "de")]
    assert found.repeated == [(3, 2)]
    assert [str(f) for f in found.faults] == ["line 4: it has 4 columns, the heading has 3 (en;bo@example.org;Bo;more)"]


def test_other_channels_than_mail_only_where_the_server_allows_them() -> None:
    found = read_list("Bot,json://hooks.example.org/a\nBad,json://\n", {"json"})
    assert found.rows == [Row("Bot", "json://hooks.example.org/a")]
    assert "understands" in found.faults[0].what


def test_too_much_is_refused_and_said() -> None:
    assert "larger than" in read_list("x" * (LARGEST + 1)).faults[0].what
    found = read_list("\n".join(f"a{n}@example.org" for n in range(MOST + 2)))
    assert (len(found.rows), len(found.faults)) == (MOST, 2)


@given(st.lists(st.text(st.characters(exclude_characters="\r\n#"), max_size=40), max_size=12))
def test_no_line_is_ever_dropped(lines: list[str]) -> None:
    """Every line that says something is a recipient, a fault, a repetition, or the one heading."""
    found = read_list("\n".join(lines))
    said = [line for line in lines if line.replace("\ufeff", "").replace("\x00", "").strip()]
    accounted = len(found.rows) + len(found.faults) + len(found.repeated)
    assert len(said) - 1 <= accounted <= len(said)
    assert len({r.address.lower() for r in found.rows}) == len(found.rows)


@pytest.mark.django_db
def test_an_audience_is_filled_once_an_address_and_the_log_names_nobody(incident: Incident, cast: Cast) -> None:
    rows = [
        Row("Ada", "mailto:ada@example.org"),
        Row("Ada", "mailto:ADA@example.org"),
        Row("Bo", "mailto:bo@example.org"),
    ]
    audience = actions.fill_audience(cast.writer.actor, incident, audience="affected-people", rows=rows, refused=2)
    assert [r.name for r in audience.recipients.all()] == ["Ada", "Bo"]
    entry = LogEntry.objects.get(verb="audience.fill")
    assert (entry.payload["recipients"], entry.payload["refused"]) == (2, 2)
    assert "example.org" not in str(entry.payload)
    actions.fill_audience(cast.writer.actor, incident, audience="affected-people", rows=rows[2:])
    assert [r.name for r in audience.recipients.all()] == ["Bo"]
    with pytest.raises(Forbidden):
        actions.fill_audience(cast.responder.actor, incident, audience="affected-people", rows=rows)
    with pytest.raises(Invalid, match="Choose an audience"):
        actions.fill_audience(cast.writer.actor, incident, audience="martians", rows=rows)
    with pytest.raises(Invalid, match="already"):
        actions.add_audience(factories.SYSTEM, incident, title="All staff", kind="staff")


@pytest.mark.django_db
def test_who_of_the_plan_cannot_be_written_to_is_named(incident: Incident) -> None:
    audience = actions.fill_audience(factories.SYSTEM, incident, audience="executive-team", rows=[])
    with factories.preparing():
        member = incident.organization.members.get(key="clara-weiss")
        member.methods = [{"kind": "phone", "url": "tel:+46000000000"}]
        member.save()
    reach = reach_of(audience)
    assert reach.unreachable == [member.name]
    assert len(reach.people) == 2
