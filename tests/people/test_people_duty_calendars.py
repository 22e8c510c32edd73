"""Calendars of a plan, read from a real server and from the plan's folder; rotations, shifts and who is called first."""

from __future__ import annotations

import json
import socket
import threading
import time as machine
from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime, time, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

import factories
from tocsin.core import clock
from tocsin.core.action import Invalid
from tocsin.core.models import LogEntry, Organization
from tocsin.people import calendars, reactions_duty
from tocsin.people.actions import end_rota, import_plan, put_shift, set_rota, withdraw_shift
from tocsin.people.calendars import checked, fetch
from tocsin.people.duty import CalendarError
from tocsin.people.models import Member, Rota, RotaKind, Shift
from tocsin.people.rotas import duties, on_duty
from tocsin.plan.lint import lint

S = factories.SYSTEM
HOUR = timedelta(hours=1)
SECRET = "private-7f3c"  # a word that must come out nowhere


class Calendars(ThreadingHTTPServer):
    """A server of calendars; what it answers can be changed while it runs."""

    daemon_threads = True
    allow_reuse_address = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.answer: Callable[[_Handler], None] = lambda h: h.say(404, b"")
        self.asked: list[dict[str, str]] = []

    @property
    def host(self) -> str:
        return f"127.0.0.1:{self.server_address[1]}"

    @property
    def url(self) -> str:
        return f"http://{self.host}/{SECRET}/oncall.ics"


class _Handler(BaseHTTPRequestHandler):
    server: Calendars

    def do_GET(self) -> None:
        self.server.asked.append(dict(self.headers.items()))
        self.server.answer(self)

    def say(self, status: int, body: bytes, **headers: str) -> None:
        self.send_response(status)
        for name, value in {"Content-Length": str(len(body)), **headers}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_args: Any) -> None:
        pass


@pytest.fixture
def server() -> Iterator[Calendars]:
    running = Calendars()
    threading.Thread(target=running.serve_forever, daemon=True).start()
    yield running
    running.shutdown()
    running.server_close()


@pytest.fixture(autouse=True)
def _nothing_is_watched() -> Iterator[None]:
    reactions_duty.WATCHED.clear()
    yield
    reactions_duty.WATCHED.clear()


def ics(who: str, starts: datetime, hours: float = 8, more: str = "") -> bytes:
    form = "%Y%m%dT%H%M%SZ"
    return (
        f"BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:x\r\nBEGIN:VEVENT\r\nUID:1\r\nDTSTART:{starts:{form}}\r\n"
        f"DTEND:{starts + hours * HOUR:{form}}\r\nSUMMARY:{who}\r\nEND:VEVENT\r\n{more}END:VCALENDAR\r\n"
    ).encode()


def plan_with(on_call: str, role: str = "log_analyst", **files: str) -> dict[str, str]:
    made = dict(factories.plan_files()) | files
    assert f"  {role}:\n" in made["plan.yaml"]
    made["plan.yaml"] = made["plan.yaml"].replace(
        f"  {role}:\n", f"  {role}:\n    on_call: {{calendar: '{on_call}'}}\n"
    )
    return made


def look(times: int = 1) -> None:
    """Let the chore ask, and take what came back."""
    for _n in range(times):
        for watch in reactions_duty.WATCHED.values():
            watch.next = 0.0
        reactions_duty.keep_calendars()
        for watch in reactions_duty.WATCHED.values():
            if watch.asked:
                watch.asked.exception(30)
        reactions_duty.keep_calendars()


# Fetching -------------------------------------------------------------------------------------


def test_a_calendar_is_fetched(server: Calendars) -> None:
    server.answer = lambda h: h.say(200, "BEGIN:VCALENDAR Ö".encode())
    assert fetch(server.url, {server.host}) == "BEGIN:VCALENDAR Ö"
    assert fetch(server.url, {"127.0.0.1"}), "a name without a port allows them all"
    assert server.asked[0]["Host"] == server.host


def test_a_login_in_the_address_goes_to_its_own_host_only(server: Calendars) -> None:
    other = Calendars()
    threading.Thread(target=other.serve_forever, daemon=True).start()
    other.answer = lambda h: h.say(200, b"BEGIN:VCALENDAR")
    server.answer = lambda h: h.say(302, b"", Location=f"http://localhost:{other.server_address[1]}/x")
    url = server.url.replace("http://", "http://anna:secret@")
    assert fetch(url, {"127.0.0.1", "localhost"}) == "BEGIN:VCALENDAR"
    assert "Authorization" in server.asked[0]
    assert "Authorization" not in other.asked[0]
    other.shutdown()
    other.server_close()


@pytest.mark.parametrize(
    "url",
    [
        "https://127.0.0.1/x.ics", "https://localhost/x.ics", "https://[::1]/x.ics", "https://10.1.2.3/x.ics",
        "https://192.168.0.1/x.ics", "https://169.254.169.254/latest/meta-data", "https://[::ffff:10.0.0.1]/x.ics",
        "https://0.0.0.0/x.ics", "https://2130706433/x.ics", "https://0x7f.1/x.ics", "https://[64:ff9b::a00:1]/x.ics",
        "https://[fe80::1%25lo]/x.ics", "https://224.0.0.1/x.ics", "https://100.64.0.1/x", "https://[2002:a00:1::]/x",
        "https://[2002:808:808::]/x", "https://[::a00:1]/x", "https://[fec0::1]/x",
        "http://93.184.215.14/x.ics", "ftp://93.184.215.14/x.ics", "file:///etc/passwd", "https://", "https://[x/",
        "https://a b/", "https://\x00/",
    ],
)  # fmt: skip
def test_addresses_that_are_refused_without_being_asked(url: str) -> None:
    with pytest.raises(CalendarError) as refused:
        checked(url, ())
    assert "x.ics" not in str(refused.value)


def test_a_public_address_is_taken() -> None:
    target = checked("https://93.184.215.14/a/b.ics?key=1", ())
    assert (target.address, target.port, target.path, target.encrypted) == (
        "93.184.215.14",
        443,
        "/a/b.ics?key=1",
        True,
    )


def test_a_redirect_into_the_own_network_is_refused(server: Calendars) -> None:
    server.answer = lambda h: h.say(302, b"", Location="http://localhost:1/admin")
    with pytest.raises(CalendarError, match="localhost"):
        fetch(server.url, {server.host})


def test_what_a_server_can_do_wrong(server: Calendars, monkeypatch: pytest.MonkeyPatch) -> None:
    private = {server.host}

    def refused(answer: Callable[[_Handler], None]) -> str:
        server.answer = answer
        with pytest.raises(CalendarError) as error:
            fetch(server.url, private)
        assert SECRET not in str(error.value)
        return str(error.value)

    assert "status 403" in refused(lambda h: h.say(403, b"no"))
    assert "without an end" in refused(lambda h: h.say(302, b"", Location=h.path))
    assert "larger than" in refused(lambda h: h.say(200, b"x" * (1024 * 1024 + 1)))
    assert "UTF-8" in refused(lambda h: h.say(200, b"\xff\xfe\x00"))
    assert "cannot be asked" in refused(lambda h: h.wfile.write(b"no http\r\n\r\n") and None)
    monkeypatch.setattr(calendars, "WHOLE_SECONDS", 1)

    def drip(handler: _Handler) -> None:
        handler.wfile.write(b"HTTP/1.1 200 OK\r\n")
        for _n in range(100):
            handler.wfile.write(b"X: y\r\n")
            handler.wfile.flush()
            machine.sleep(0.1)

    began = machine.monotonic()
    server.answer = drip
    with pytest.raises(CalendarError, match="longer than"):
        fetch(server.url, private)
    assert machine.monotonic() - began < 9, "a host that sends a byte now and then is cut off"


def test_a_host_that_is_not_there() -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        host = f"127.0.0.1:{free.getsockname()[1]}"
        with pytest.raises(CalendarError, match="ConnectionRefusedError"):
            fetch(f"http://{host}/x", {host})


# Keeping --------------------------------------------------------------------------------------


@pytest.fixture
def watched(organization: Organization, server: Calendars, settings: Any) -> Organization:
    settings.PRIVATE_HOSTS = frozenset({server.host})
    import_plan(S, organization, files=plan_with(server.url))
    return organization


def test_the_last_good_copy_stays_in_use(watched: Organization, server: Calendars) -> None:
    now = clock.now()
    server.answer = lambda h: h.say(200, ics("Priya Raman", now - HOUR))
    look()
    member, why = on_duty(watched, now).get("log_analyst") or pytest.fail("nobody is on duty")
    assert member.key == "priya-raman"
    assert why.startswith("on call until ")
    assert why.endswith("(calendar)")
    entries = LogEntry.objects.count()
    look(3)
    assert LogEntry.objects.count() == entries, "what did not change is not written down again"

    server.answer = lambda h: h.say(500, b"")
    look(3)
    rota = Rota.objects.get()
    assert "status 500" in rota.error
    assert rota.failing_since is not None
    assert (on_duty(watched, now).get("log_analyst") or pytest.fail("lost"))[0].key == "priya-raman"
    assert LogEntry.objects.filter(verb="rota.read").count() == 2, "the same failure is written down once"

    server.answer = lambda h: h.say(200, ics("Jonas Lindqvist", now - HOUR))
    look()
    rota.refresh_from_db()
    assert (rota.error, rota.failing_since) == ("", None)
    assert (on_duty(watched, now).get("log_analyst") or pytest.fail("lost"))[0].key == "jonas-lindqvist"


def test_failures_are_tried_again_with_growing_pauses(watched: Organization, server: Calendars) -> None:
    server.answer = lambda h: h.say(500, b"")
    pauses = []
    for _n in range(8):
        look()
        (watch,) = reactions_duty.WATCHED.values()
        pauses.append(round((watch.next - machine.monotonic()) / 60))
    assert pauses == [1, 2, 5, 15, 30, 60, 60, 60]


def test_an_address_of_the_own_network_is_not_asked(organization: Organization, server: Calendars) -> None:
    import_plan(S, organization, files=plan_with(server.url))
    look()
    assert "without encryption" in Rota.objects.get().error
    assert server.asked == []


def test_the_address_stands_in_no_log_entry(watched: Organization, server: Calendars) -> None:
    server.answer = lambda h: h.say(200, ics("Priya Raman", clock.now()))
    look()
    server.answer = lambda h: h.say(500, b"")
    look()
    payloads = json.dumps(list(LogEntry.objects.filter(verb="rota.read").values_list("payload", flat=True)))
    assert SECRET not in payloads
    assert "priya" not in payloads.lower()


def test_a_calendar_that_the_plan_names_no_more_does_not_count(watched: Organization, server: Calendars) -> None:
    now = clock.now()
    server.answer = lambda h: h.say(200, ics("Priya Raman", now))
    look()
    import_plan(S, watched, files=dict(factories.plan_files()))
    assert on_duty(watched, now).get("log_analyst") is None
    look()
    assert reactions_duty.WATCHED == {}


def test_a_calendar_in_the_plans_folder_is_read_with_the_plan(organization: Organization) -> None:
    now = clock.now()
    text = ics("Priya Raman", now).decode()
    unknown = ics("The night team", now + 24 * HOUR).decode()
    event = unknown[unknown.index("BEGIN:VEVENT") : unknown.index("END:VCALENDAR")].replace("UID:1", "UID:2")
    text = text.replace("END:VCALENDAR", f"{event}END:VCALENDAR")
    files = plan_with("calendars/night.ics", **{"calendars/night.ics": text})
    assert [p for p in lint(files, now.date()) if "calendar" in p.code] == []
    import_plan(S, organization, files=files)
    assert (on_duty(organization, now).get("log_analyst") or pytest.fail("nobody"))[0].key == "priya-raman"
    (duty,) = duties(organization, now, now + 72 * HOUR, "log_analyst")
    assert [e.summary for e in duty.unknown] == ["The night team"], "whom nobody knows is shown"
    assert duty.gaps[0].start > now
    entries = LogEntry.objects.count()
    reactions_duty.keep_calendars()
    assert LogEntry.objects.count() == entries

    import_plan(S, organization, files=files | {"calendars/night.ics": "BEGIN:VCALENDAR\nRRULE:FREQ=SECONDLY\n"})
    assert "more often" in Rota.objects.get().error
    reactions_duty.keep_calendars()
    assert LogEntry.objects.filter(verb="rota.read").count() == 2
    import_plan(S, organization, files=files)
    assert Rota.objects.get().error == ""


def test_lint_of_calendars() -> None:
    today = date(2026, 11, 24)
    codes = {p.code: p for p in lint(plan_with("calendars/nigth.ics", **{"calendars/night.ics": "x"}), today)}
    missing = codes["no-calendar"]
    assert "did you mean 'calendars/night.ics'" in missing.what
    assert missing.line == 1 + plan_with("calendars/nigth.ics")["plan.yaml"].splitlines().index(
        "    on_call: {calendar: 'calendars/nigth.ics'}"
    )
    assert codes["unused-calendar"].file == "calendars/night.ics"
    assert "bad-calendar" in {p.code for p in lint(plan_with("calendars/a.ics", **{"calendars/a.ics": "x"}), today)}
    assert "open-calendar" in {p.code for p in lint(plan_with("http://intern.example/x.ics"), today)}
    (wrong,) = [p for p in lint(plan_with("/home/x.ics"), today) if p.severity == "error"]
    assert "calendars/NAME.ics" in wrong.what


# Rotations and shifts -------------------------------------------------------------------------


def rotation(**changes: Any) -> dict[str, Any]:
    return {
        "role": "log_analyst", "members": ["jonas-lindqvist", "priya-raman"], "starts_on": date(2026, 11, 2),
        "handover": time(8), "zone": "Europe/Stockholm",
    } | changes  # fmt: skip


def utc(*parts: int) -> datetime:
    return datetime(*parts, tzinfo=UTC)  # type: ignore[misc]


def test_a_rotation_made_here(organization: Organization) -> None:
    set_rota(S, organization, **rotation())
    asked = [utc(2026, 11, 2, 6, 59), utc(2026, 11, 2, 7), utc(2026, 11, 9, 6, 59), utc(2026, 11, 9, 7)]
    found = [on_duty(organization, at).get("log_analyst") for at in asked]
    assert [f and f[0].key for f in found] == [None, "jonas-lindqvist", "jonas-lindqvist", "priya-raman"]
    assert found[1]
    assert found[1][1] == "on call until Mon 09 Nov 08:00 CET (rota)"


def test_two_who_change_a_rota_at_once(organization: Organization) -> None:
    first = set_rota(S, organization, **rotation())
    set_rota(S, organization, **rotation(every_days=1), revision=first.revision)
    with pytest.raises(Invalid, match="in the meantime"):
        set_rota(S, organization, **rotation(every_days=2), revision=first.revision)
    assert Rota.objects.get().every_days == 1


@pytest.mark.parametrize(
    "wrong",
    [
        {"role": "nobody"}, {"members": []}, {"members": ["stranger"]}, {"members": ["priya-raman", "priya-raman"]},
        {"zone": "Mars/Olympus"}, {"every_days": 0}, {"every_days": 10_000}, {"starts_on": date(1, 1, 1)},
    ],
)  # fmt: skip
def test_a_rotation_that_does_not_fit(organization: Organization, wrong: dict[str, Any]) -> None:
    with pytest.raises(Invalid):
        set_rota(S, organization, **rotation(**wrong))
    assert not Rota.objects.exists()


def test_a_role_with_a_calendar_has_no_rotation_beside_it(watched: Organization, server: Calendars) -> None:
    with pytest.raises(Invalid, match="names a calendar"):
        set_rota(S, watched, **rotation())
    server.answer = lambda h: h.say(200, ics("Priya Raman", clock.now()))
    look()
    with pytest.raises(Invalid, match="out of the plan"):
        end_rota(S, watched, rota=Rota.objects.get())
    import_plan(S, watched, files=dict(factories.plan_files()))
    assert set_rota(S, watched, **rotation()).kind == RotaKind.HERE


def test_a_shift_goes_before_the_rota_and_ends(organization: Organization) -> None:
    now = clock.now()
    set_rota(S, organization, **rotation(members=["jonas-lindqvist"], starts_on=now.date() - timedelta(days=20)))
    priya = Member.objects.get(key="priya-raman")
    given = {"role": "log_analyst", "member": priya, "starts_at": now - HOUR, "ends_at": now + HOUR, "because": "ill"}
    shift = put_shift(S, organization, **given)
    assert put_shift(S, organization, **given) == shift, "a double click is one shift"
    on = [on_duty(organization, now + n * HOUR).get("log_analyst") for n in (-2, 0, 1)]
    assert [o and o[0].key for o in on] == ["jonas-lindqvist", "priya-raman", "jonas-lindqvist"]
    withdraw_shift(S, organization, shift=shift)
    assert (on_duty(organization, clock.now()).get("log_analyst") or pytest.fail("nobody"))[0].key == "jonas-lindqvist"
    was = on_duty(organization, now - HOUR / 2).get("log_analyst")
    assert was
    assert was[0].key == "priya-raman", "what was served stays in the history"
    with pytest.raises(Invalid):
        withdraw_shift(S, organization, shift=shift)
    with pytest.raises(Invalid, match="over"):
        put_shift(S, organization, role="log_analyst", member=priya, starts_at=now - 3 * HOUR, ends_at=now - 2 * HOUR)


def test_people_of_elsewhere_serve_nowhere_here(organization: Organization) -> None:
    rival = factories.organization("rival")
    theirs, now = Member.objects.filter(organization=rival).first(), clock.now()
    assert theirs
    with pytest.raises(Invalid, match="does not belong"):
        put_shift(S, organization, role="log_analyst", member=theirs, starts_at=now, ends_at=now + HOUR)
    set_rota(S, rival, **rotation(starts_on=now.date() - timedelta(days=9)))
    assert on_duty(organization, now).get("log_analyst") is None
    mine = Member.objects.get(organization=organization, key="priya-raman")
    shift = put_shift(S, organization, role="log_analyst", member=mine, starts_at=now, ends_at=now + HOUR)
    with pytest.raises(Invalid):
        withdraw_shift(S, rival, shift=shift)
    assert Shift.objects.get().withdrawn_at is None


def test_who_left_the_plan_is_called_no_more(organization: Organization) -> None:
    now = clock.now()
    set_rota(S, organization, **rotation(members=["priya-raman"], starts_on=now.date() - timedelta(days=9)))
    with factories.preparing():
        Member.objects.filter(key="priya-raman").update(active=False)
    assert on_duty(organization, now).get("log_analyst") is None
    (duty,) = duties(organization, now, now + HOUR, "log_analyst")
    assert duty.gaps


def test_who_is_on_call_takes_the_seat(organization: Organization) -> None:
    now = clock.now()
    set_rota(S, organization, **rotation(members=["emil-sorensen"], starts_on=now.date() - timedelta(days=9)))
    place = factories.incident(organization)
    seat = place.roles.get(role="log_analyst")
    assert seat.holder == "Emil Sorensen"
    assert seat.because.startswith("on call until ")
    other = place.roles.get(role="scribe")
    assert other.because == "holder in the plan"
