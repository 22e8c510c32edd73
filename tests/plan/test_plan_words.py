"""The plan in words: show reads like a printed plan, diff says what changed and misses nothing."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta
from enum import Enum
from typing import Any

import pytest
from markdown_it import MarkdownIt
from pydantic import BaseModel

from tocsin.plan.diff import diff
from tocsin.plan.load import parse_plan
from tocsin.plan.models import Plan
from tocsin.plan.offset import Offset
from tocsin.plan.show import show

RANSOM = "playbooks/ransomware.yaml"


def html_of(plan: Plan) -> str:
    return str(MarkdownIt("commonmark").enable("table").render(show(plan)))


def test_the_printed_plan_answers_who_what_and_when(plan: Plan) -> None:
    text = show(plan)
    assert text.startswith("# Incident response plan of Polder Dairy\n")
    for function in ("Incident management", "Enterprise investigation", "Technical analysis", "Scoping",
                     "Crisis communications", "Legal, HR and regulatory", "Executive decision-making",
                     "Reporting and remediation"):  # fmt: skip
        assert f"| {function} |" in text
    assert "| Legal, HR and regulatory | outsourced with Berg Advocaten | nobody |" in text
    assert "- Holder: Anneke de Vries: phone +31201234567, mail anneke@polder.example" in text
    assert "- Backup: Tomasz Zielinski: phone +48221234567" in text
    assert "Severity 1: after 5 min without an answer, Director." in text
    assert "**Isolate hosts** *Incident manager, 15 min after declared.*" in text
    assert "Pay?** *Director, 2 business days after the step 'Isolate hosts'.*" in text
    assert "After 'Isolate hosts' and 'Analyse the sample'. Only when `ransom_demanded`." in text
    assert "Do we pay? Decided by Director." in text
    assert "If nobody decides: We do not pay." in text
    assert "Done when: No host answers." in text
    assert "Send 'Note to staff' to All staff." in text


def test_steps_are_numbered_in_the_order_in_which_they_can_be_done(files: dict[str, str]) -> None:
    first, rest = files[RANSOM].split("  - id: isolate", 1)
    isolate, rest = rest.split("  - id: sample", 1)
    files[RANSOM] = f"{first}  - id: sample{rest}  - id: isolate{isolate}"
    text = show(parse_plan(files)).split("## Playbook: Ransomware")[1]
    places = [text.index(f"{title}") for title in ("**Isolate hosts**", "Pay?**", "**Restore**")]
    assert places == sorted(places)


def test_steps_make_one_list_in_html(plan: Plan) -> None:
    html = html_of(plan)
    ransom = html.split("<h2>Playbook: Ransomware</h2>")[1].split("<h2>")[0]
    assert ransom.count("<ol>") == 1
    assert ransom.count("<li>") == len(plan.playbooks["ransomware"].steps)


def test_text_of_the_plan_cannot_become_markup(files: dict[str, str]) -> None:
    evil = "<script>x</script> [a](javascript:b) *c* | d"
    files["contacts.yaml"] = files["contacts.yaml"].replace("Anneke de Vries", f'"{evil}"')
    html = html_of(parse_plan(files))
    assert "<script>" not in html
    assert "<a " not in html
    assert "<em>c</em>" not in html
    assert "&lt;script&gt;x&lt;/script&gt; [a](javascript:b) *c* | d" in html


def changed(files: dict[str, str], file: str, old: str, new: str) -> list[str]:
    before = parse_plan(files)
    assert old in files[file]
    return diff(before, parse_plan({**files, file: files[file].replace(old, new, 1)}))


def test_nothing_changed_says_nothing(files: dict[str, str]) -> None:
    assert diff(parse_plan(files), parse_plan(files)) == []
    assert changed(files, "plan.yaml", "format:", "# a comment\nformat:") == []


SENTENCES = [
    ("plan.yaml", "holder: anneke", "holder: tomasz",
     ["Role incident-manager: holder changes from Anneke de Vries to Tomasz Zielinski."]),
    ("plan.yaml", "    holder: anneke\n", "", ["Role incident-manager: holder changes from Anneke de Vries to nobody."]),
    ("plan.yaml", "backups: [tomasz]\n", "backups: [sofia, tomasz]\n",
     ["Role incident-manager: added to backups: Sofia Lund."]),
    ("plan.yaml", "sector: food", "sector: health", ["Organization: sector changes from food to health."]),
    ("plan.yaml", "scoping: {sourcing: in_house}", "scoping: {sourcing: hybrid, provider: ir-firm}",
     ["Function scoping: sourcing changes from in house to hybrid.",
      "Function scoping: provider changes from nobody to Night Watch IR."]),
    ("plan.yaml", "from_points: 12", "from_points: 13", ["Severity 1: from points changes from 12 to 13."]),
    ("plan.yaml", "call: [incident-manager, director]", "call: [director, incident-manager]",
     ["Severity 1: call now come in the order Director and Incident manager."]),
    ("plan.yaml", "no_answer_after: 5 min", "no_answer_after: 10 min",
     ["Escalation of severity 1: no answer after changes from 5 min to 10 min."]),
    ("plan.yaml", "  speaker:", "  spokesman:", ["Role spokesman (Speaker) is new.", "Role speaker (Speaker) is gone."]),
    (RANSOM, "due: {within: 15 min}", "due: {within: 1 h, after: contained}",
     ["Playbook ransomware, step isolate: due changes from 15 min after declared to 1 h after contained."]),
    (RANSOM, "needs: [isolate, sample]", "needs: [isolate]",
     ["Playbook ransomware, step pay: dropped from needs: 'Analyse the sample'."]),
    (RANSOM, "role: fixer", "role: scoper",
     ["Playbook ransomware, step restore: role changes from Remediation lead to Scoping lead."]),
    (RANSOM, "label: Pay,", "label: Pay up,",
     ["Playbook ransomware, step pay, decision, option pay: label changes from Pay to 'Pay up'."]),
    (RANSOM, "when: ransom_demanded", "when: exercise",
     ["Playbook ransomware, step pay: the condition changes from ransom_demanded to exercise."]),
    ("messages/staff-note.md", "Dear colleagues,", "Dear all,",
     ["Message staff-note: the text changes (1 line in, 1 out)."]),
    ("contacts.yaml", "tel:+31207654321', verified: 2026-10-01", "tel:+31207654321', verified: 2026-11-02",
     ["Contact jan, method tel:+31207654321: verified changes from 2026-10-01 to 2026-11-02."]),
]  # fmt: skip


@pytest.mark.parametrize(("file", "old", "new", "said"), SENTENCES)
def test_a_change_in_words(files: dict[str, str], file: str, old: str, new: str, said: list[str]) -> None:
    assert changed(files, file, old, new) == said


def test_new_and_gone_parts(files: dict[str, str]) -> None:
    full = parse_plan(files)
    del files[RANSOM]
    less = parse_plan(files)
    assert diff(full, less) == ["Playbook ransomware (Ransomware) is gone."]
    assert diff(less, full) == ["Playbook ransomware (Ransomware) is new."]


def test_steps_in_another_order(files: dict[str, str]) -> None:
    path = "playbooks/general.yaml"
    head, look, tell = files[path].replace("    needs: [look]\n", "").partition("  - id: look")[0], "", ""
    body = files[path].replace("    needs: [look]\n", "").removeprefix(head)
    look, tell = body.split("  - id: tell")
    files[path] = head + body
    before = parse_plan(files)
    files[path] = head + "  - id: tell" + tell + look
    assert diff(before, parse_plan(files)) == ["Playbook general: the order of steps changes."]


def variants(value: Any) -> Iterator[Any]:  # noqa: C901 - one branch for each kind of value
    """The value with one thing in it changed, for every thing in it."""
    if isinstance(value, Offset):
        yield value.model_copy(
            update={"elapsed": value.elapsed + timedelta(minutes=1), "business_days": 0, "months": 0}
        )
    elif isinstance(value, BaseModel):
        for name in type(value).model_fields:
            for other in variants(getattr(value, name)):
                yield value.model_copy(update={name: other})
    elif isinstance(value, dict):
        for key, item in value.items():
            yield {k: v for k, v in value.items() if k != key}
            for other in variants(item):
                yield {**value, key: other}
        yield ({**value, "extra": next(iter(value.values()), 1)} if all(isinstance(k, str) for k in value) else {})
    elif isinstance(value, tuple):
        for index, item in enumerate(value):
            yield value[:index] + value[index + 1 :]
            for other in variants(item):
                yield (*value[:index], other, *value[index + 1 :])
    elif isinstance(value, Enum):
        yield from [other for other in type(value) if other != value][:1]
    elif isinstance(value, bool):
        yield not value
    elif isinstance(value, int):
        yield value + 1
    elif isinstance(value, str):
        yield value + "x"
    elif isinstance(value, date):
        yield value + timedelta(days=1)
    elif value is None:
        yield "something"


def test_no_change_of_any_field_is_missed(plan: Plan) -> None:
    count = 0
    for name in Plan.model_fields:
        if name == "version":
            continue
        for other in variants(getattr(plan, name)):
            if other != getattr(plan, name):
                count += 1
                assert diff(plan, plan.model_copy(update={name: other})), (name, other)
    assert count > 500
