"""The shapes: each tag draws its own, says its word, and refuses what it does not know."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from django.template import Context, Template, TemplateSyntaxError
from django.utils import timezone

from tocsin.web.timewords import say_duration

NOW = datetime(2026, 11, 27, 3, 17, 5, tzinfo=UTC)


@pytest.fixture(autouse=True)
def _berlin() -> Iterator[None]:
    with timezone.override(ZoneInfo("Europe/Berlin")):
        yield


def draw(source: str, **context: Any) -> str:
    return Template("{% load tocsin_ui %}" + source).render(Context({"now": NOW, **context})).strip()


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (0, "0 s"),
        (59.9, "59 s"),
        (60, "1 min 00 s"),
        (200, "3 min 20 s"),
        (300, "5 min"),
        (3599, "59 min"),
        (4140, "1 h 09 min"),
        (-4140, "1 h 09 min"),
        (72 * 3600, "72 h 00 min"),
        (96 * 3600, "4 d 00 h"),
        (123 * 3600, "5 d 03 h"),
    ],
)
def test_lengths_of_time_are_said_as_people_read_them(seconds: float, words: str) -> None:
    assert say_duration(seconds) == words


def test_each_severity_has_its_own_shape_number_and_word() -> None:
    signs = [draw("{% severity level %}", level=level) for level in (1, 2, 3, 4)]
    shapes = {sign[sign.index("<svg") : sign.index("<text")] for sign in signs}
    assert len(shapes) == 4
    for level, (sign, word) in enumerate(zip(signs, ("Severe", "High", "Moderate", "Low"), strict=True), start=1):
        assert f">{level}</text>" in sign
        assert sign.endswith(f"{word}</span>")


def test_a_plan_may_name_its_severities_and_names_are_escaped() -> None:
    assert draw("{% severity 2 word %}", word="<b>Major").endswith("&lt;b&gt;Major</span>")


def test_the_phase_rail_knows_past_present_and_future() -> None:
    rail = draw('{% phase_rail "investigating" %}')
    assert rail.count('data-is="past"') == 2
    assert '<li aria-current="step">Investigating</li><li>Contained</li>' in rail
    assert "Closed" not in rail
    assert draw('{% phase_rail "closed" %}').endswith('<li aria-current="step">Closed</li></ol>')
    own = draw("{% phase_rail 'b' phases %}", phases=[("a", "First"), ("b", "Second")])
    assert '<li data-is="past">First</li><li aria-current="step">Second</li>' in own


@pytest.mark.parametrize("mark", ["TLP:AMBER+STRICT", "amber+strict", "Amber+Strict"])
def test_tlp_marks_are_read_in_any_writing(mark: str) -> None:
    assert draw("{% tlp mark %}", mark=mark) == '<span class="t-tlp" data-tlp="amber+strict">TLP:AMBER+STRICT</span>'


@pytest.mark.parametrize(
    "source",
    [
        "{% severity 5 %}",
        '{% tlp "pink" %}',
        '{% ring "odd" %}',
        '{% phase_rail "nowhere" %}',
        '{% task_glyph "x" %}',
        '{% scope_disc "x" %}',
        '{% confidence "x" %}',
        '{% when now "x" %}',
    ],
)
def test_an_unknown_value_is_refused_by_name(source: str) -> None:
    with pytest.raises(TemplateSyntaxError, match="is none of"):
        draw(source)


@pytest.mark.parametrize(("fraction", "dash"), [(0.55, "51.8 94.2"), (2, "94.2 94.2"), (-1, "0.0 94.2")])
def test_a_ring_draws_what_is_left(fraction: float, dash: str) -> None:
    assert f'stroke-dasharray="{dash}"' in draw('{% ring "run" fraction %}', fraction=fraction)


def test_a_ring_says_its_state_and_ticks_only_while_it_runs() -> None:
    times = {"due": NOW + timedelta(hours=1), "start": NOW - timedelta(hours=1)}
    running = draw('{% ring "run" 0.5 due start %}', **times)
    assert 'aria-label="Running"' in running
    assert 'data-due="2026-11-27T04:17:05Z" data-start="2026-11-27T02:17:05Z" data-late="Late"' in running
    assert "data-due" not in draw('{% ring "met" 0 due start %}', **times)
    assert 'data-state="wait"' in draw('{% ring "waiting" %}')
    assert 'class="disc"' in draw('{% ring "late" %}')


def test_an_instant_shows_its_zone_and_utc_on_hover() -> None:
    shown = draw("{% when now %}")
    assert shown == '<time datetime="2026-11-27T03:17:05Z" title="2026-11-27 03:17:05 UTC">2026-11-27 04:17 CET</time>'
    assert draw('{% when now "time" %}').endswith(">04:17 CET</time>")
    assert draw('{% when now "bare" %}').endswith(">04:17</time>")
    assert "not known" in draw("{% when nothing %}", nothing=None)
    assert draw("{{ now|utc_time }}") == "03:17"


def test_a_countdown_turns_late() -> None:
    ahead = draw("{% countdown due now %}", due=NOW + timedelta(minutes=31))
    assert ahead.endswith(">31 min</time>")
    assert "data-state" not in ahead
    past = draw("{% countdown due now %}", due=NOW - timedelta(minutes=18))
    assert past.endswith(">18 min late</time>")
    assert 'data-state="late"' in past
    assert draw("{% countdown due now %}", due=NOW).endswith(">0 s late</time>")


def test_since_never_runs_backwards() -> None:
    assert draw("{% since start now %}", start=NOW - timedelta(minutes=69)).endswith(">1 h 09 min</time>")
    assert draw("{% since start now %}", start=NOW + timedelta(minutes=5)).endswith(">0 s</time>")


@pytest.mark.parametrize(
    ("name", "letters"),
    [
        ("Anneke de Vries", "AV"),
        ("Dr. Ruth Oyelaran", "RO"),
        ("ana@example.org", "AE"),
        ("Łukasz", "Ł"),
        ("", "?"),
        ("42", "?"),
    ],
)
def test_faces_carry_initials(name: str, letters: str) -> None:
    assert f">{letters}</span>" in draw("{% face name %}", name=name)


def test_a_face_says_who_is_here() -> None:
    assert "data-here>" in draw('{% face "Ana Sousa" True %}')
    assert 'data-here="no"' in draw('{% face "Ana Sousa" False %}')
    assert "data-here" not in draw('{% face "Ana Sousa" %}')


def test_log_numbers_link_where_the_entry_is_shown() -> None:
    assert draw("{% log_number 205 %}") == '<span class="t-log">L-205</span>'
    assert draw('{% log_number 205 "#L-205" %}') == '<a class="t-log" href="#L-205">L-205</a>'
    assert '<span class="t-log">L-7</span>' in draw('{% why "because" 7 %}')


def test_confidence_is_bars_and_words() -> None:
    for level, filled in (("low", 1), ("medium", 2), ("high", 3), ("confirmed", 4)):
        bars = draw("{% confidence level %}", level=level)
        assert bars.count('fill="currentColor"') == filled
        assert bars.count('class="off"') == 4 - filled


def test_text_from_people_is_escaped_everywhere() -> None:
    evil = '"><script>alert(1)</script>'
    for source in ("{% note x %}", "{% face x %}", "{% empty x x x x %}", "{% why x %}"):
        assert "<script" not in draw(source, x=evil)
