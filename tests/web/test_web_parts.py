"""The parts that pages are put together from: the board, the lamps, deviations, static addresses, Markdown, errors."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from django.test import Client

import factories
from tocsin.incidents import board
from tocsin.incidents.models import Incident, RoleAssignment, Task
from tocsin.incidents.pages import how_near, share_left
from tocsin.incidents.views.record import deviations
from tocsin.plan.models import Function
from tocsin.web.storage import Stamped
from tocsin.web.templatetags.tocsin_pages import markdown
from tocsin.web.views import errors

NOW = datetime(2026, 3, 2, 10, tzinfo=UTC)


def at(minutes: float) -> datetime:
    return NOW + timedelta(minutes=minutes)


def task(number: int, **more: object) -> Task:
    given = {"title": f"Task {number}", "function": Function.SCOPING, "role": "scoping_lead", "state": "open"}
    return Task(number=number, **(given | more))


@pytest.mark.parametrize(
    ("due", "start", "lamp"),
    [
        (None, None, ""),
        (at(-1), at(-90), "late"),
        (NOW, at(-90), "late"),
        (at(59), at(-5), "soon"),
        (at(61), at(-5), ""),
        (at(17 * 60), at(-55 * 60), "soon"),  # the last quarter of 72 hours
        (at(19 * 60), at(-53 * 60), ""),
        (at(26 * 60), at(-1000 * 60), ""),  # never longer than a day ahead
    ],
)
def test_a_lamp_is_lit_when_time_gets_short(due: datetime | None, start: datetime | None, lamp: str) -> None:
    assert how_near(due, NOW, start) == lamp


def test_what_is_left_of_a_clock_stays_between_nothing_and_all() -> None:
    assert share_left(at(-30), at(30), NOW) == 0.5
    assert share_left(at(-30), at(-10), NOW) == 0.0
    assert share_left(at(10), at(30), NOW) == 1.0
    assert share_left(None, at(30), NOW) == share_left(at(30), at(30), NOW) == 0.0


def test_the_board_always_has_eight_windows_in_the_same_place() -> None:
    empty = board.windows([], [], NOW)
    assert [w.key for w in empty] == list(board.FUNCTION_WORDS)
    assert set(board.FUNCTION_WORDS) == set(Function)
    full = board.windows([task(1)], [], NOW)
    assert [w.key for w in full] == [w.key for w in empty]


def test_a_window_is_lit_by_its_worst_task_and_says_how_much_it_hides() -> None:
    rows = [task(n, due_at=at(500 + n)) for n in range(20)]
    rows += [task(50, due_at=at(30)), task(51, due_at=at(-3)), task(60, state="done", due_at=at(-90), ended_at=at(-95))]
    window = next(w for w in board.windows(rows, [], NOW) if w.key == Function.SCOPING)
    assert window.lamp == "late"
    assert (window.total, window.ended) == (23, 1)
    assert window.rows[1].task.number == 51
    assert window.rows[2].task.number == 50
    assert len(window.rows) + window.more == 23


def test_a_task_that_is_done_late_lights_nothing() -> None:
    windows = board.windows([task(1, state="done", due_at=at(-90), ended_at=at(-5))], [], NOW)
    assert {w.lamp for w in windows} == {""}


def test_expected_of_a_person_is_what_is_theirs_or_their_roles() -> None:
    roles = [RoleAssignment(role="scoping_lead", function=Function.SCOPING, member_id=7, holder="L")]
    rows = [
        task(1),
        task(2, member_id=8),
        task(3, role="scribe", member_id=7),
        task(4, state="waiting"),
        task(5, role="scribe"),
    ]
    for row in rows:
        row._state.fields_cache["member"] = (
            None if row.member_id is None else factories.Member(pk=row.member_id, name="M")
        )
    assert [r.task.number for r in board.expected_of(rows, roles, {7}, NOW)] == [1, 3]


def test_a_step_that_began_after_what_it_needs_is_no_deviation() -> None:
    need = task(1, step_id="a", state="done", opened_at=at(-60), ended_at=at(-30))
    after = task(2, step_id="b", needs=["a"], state="doing", opened_at=at(-20))
    early = task(3, step_id="c", needs=["a"], state="doing", opened_at=at(-40))
    assert [d.task.number for d in deviations([need, after, early])] == [3]


def test_a_static_file_has_another_address_when_its_content_changes(tmp_path: Path, settings: object) -> None:
    settings.STATICFILES_DIRS = [tmp_path]  # type: ignore[attr-defined]
    from django.contrib.staticfiles import finders

    finders.get_finder.cache_clear()
    try:
        (tmp_path / "a.css").write_text("a{}")
        first = Stamped().url("a.css")
        (tmp_path / "a.css").write_text("a{color:red}")
        assert first.startswith("/static/a.css?v=")
        assert Stamped().url("a.css") != first
        assert Stamped().url("missing.css") == "/static/missing.css"
    finally:
        finders.get_finder.cache_clear()


def test_markdown_of_a_plan_brings_no_scripts() -> None:
    html = markdown(
        "**a** <script>x</script> [b](javascript:alert(1)) ![c](http://elsewhere.example/c.png)\n\n|a|\n|-|\n|b|"
    )
    assert "<strong>a</strong>" in html
    assert "<table>" in html
    assert "<script" not in html
    assert "<img" not in html
    assert 'href="javascript' not in html


def test_the_page_for_defects_stands_on_nothing(rf: object) -> None:
    answer = errors.failed(rf.get("/"))  # type: ignore[attr-defined]
    assert answer.status_code == 500
    assert b"not saved" in answer.content


@pytest.mark.django_db
def test_another_of_ones_organizations_can_be_looked_at(
    lead: Client, incident: Incident, manager: factories.User
) -> None:
    other = factories.organization("rival")
    factories.invite(factories.SYSTEM, other, email=manager.email, name=manager.name, role="responder")
    assert incident.title in lead.get("/incidents").content.decode()
    lead.post("/organization", {"organization": str(other.pk)})
    assert incident.title not in lead.get("/incidents").content.decode()
    assert lead.get(f"/incidents/{incident.number}/").status_code == 200  # still on it, wherever one looks from
    assert lead.post("/organization", {"organization": str(incident.pk)}).status_code == 404


@pytest.mark.django_db
def test_the_plan_page_shows_its_parts_and_what_lint_says(lead: Client, incident: Incident) -> None:
    overview = lead.get("/plan").content.decode()
    assert "Who serves what" in overview
    assert lead.get("/plan?part=99").status_code == 200
    later = factories.import_plan(
        factories.SYSTEM, incident.organization, files={**factories.plan_files(), "messages/x.md": NEW}
    )
    assert later.number == 2
    page = lead.get(f"/incidents/{incident.number}/plan").content.decode()
    assert "The organization has plan 2 now" in page


NEW = "---\ntitle: A new message\naudience: response-team\n---\nHello.\n"
