"""The playbooks as checklists, the duties to notify as a table, the prepared messages with blanks."""

from __future__ import annotations

import re
from typing import Any

from tocsin.plan.decision_models import DecisionOption
from tocsin.plan.facts import PLACEHOLDER
from tocsin.plan.flow import in_order
from tocsin.plan.models import Message, Plan, Playbook, Step, StepKind
from tocsin.plan.names import audience_name, contact_name, listed, role_name, words
from tocsin.plan.offset import Offset
from tocsin.plan.show import consequence_words

View = dict[str, Any]
KINDS = {
    StepKind.TASK: "",
    StepKind.DECISION: "Decision",
    StepKind.COMMUNICATION: "Message",
    StepKind.NOTIFICATION: "Notice",
    StepKind.AUTOMATION: "By machine",
}
# What a regime's name in a plan stands for; a name that is not here is printed as words.
REGIMES = {
    "eu-nis2-23": "NIS2, Directive (EU) 2022/2555, Article 23",
    "eu-gdpr-33": "GDPR, Regulation (EU) 2016/679, Article 33",
    "eu-gdpr-34": "GDPR, Regulation (EU) 2016/679, Article 34",
    "eu-cra-14-incident": "Cyber Resilience Act, Regulation (EU) 2024/2847, Article 14",
    "us-sec-8k-105": "SEC Form 8-K, Item 1.05",
    "pci-visa": "Visa's rules for compromised accounts",
    "insurer-notice": "Insurance policy",
}
_DECISION = re.compile(r"decision\.([a-z0-9_-]+)\s*(==|!=)\s*['\"]?([a-z0-9_-]+)['\"]?")
_DECISION_ALONE = re.compile(r"\b(decision|failed)\.([a-z0-9_-]+)")


def playbook(plan: Plan, book: Playbook) -> View:
    """A playbook as a checklist in the order in which its steps can start."""
    steps = in_order(book)
    numbers = {step.id: place for place, step in enumerate(steps, 1)}
    signs = [f"words like {listed((f'“{w}”' for w in book.fits.words[:8]), link='or')}"] if book.fits.words else []
    attack = (*book.fits.techniques, *map(words, book.fits.tactics))
    signs += [f"ATT&CK {listed(attack, link='or')}"] if attack else []
    level = plan.severity.levels.get(book.severity)
    return {
        "id": book.id,
        "title": book.title,
        "summary": " ".join(book.summary.split()),
        "signs": "; ".join(signs),
        "severity": f"{book.severity} {level.name}" if level else str(book.severity),
        "steps": [_step(plan, book, step, numbers) for step in steps],
    }


def _step(plan: Plan, book: Playbook, step: Step, numbers: dict[str, int]) -> View:
    role = plan.roles.get(step.role)
    sent = plan.messages.get(step.message or "")
    to = step.audience or step.recipient or (sent.audience if sent else None)
    return {
        "n": numbers[step.id],
        "kind": KINDS[step.kind],
        "title": step.title,
        "role": role_name(plan, step.role),
        "holder": contact_name(plan, role.holder) if role and role.holder else "",
        "due": _due(step, numbers),
        "after": [numbers[need] for need in step.needs if need in numbers],
        "when": condition(book, step.when, numbers),
        "do": " ".join(step.instructions.split()),
        "done_when": " ".join(step.done_when.split()),
        "to": audience_name(plan, to) if to else "",
        "message": sent.title if sent else "",
        "message_id": sent.id if sent else None,
        "decision": _decision(plan, step),
    }


def _due(step: Step, numbers: dict[str, int]) -> str:
    if step.due is None:
        return ""
    if step.due.after_step:
        known = numbers.get(step.due.after_step)
        return f"{step.due.within} after step {known}" if known else f"{step.due.within} after {step.due.after_step}"
    return f"{step.due.within} after {step.due.after}"


def condition(book: Playbook, text: str, numbers: dict[str, int]) -> str:
    """A step's condition in words: facts without underscores, decisions by the number of their step."""

    def chosen(found: re.Match[str]) -> str:
        step = next((s for s in book.steps if s.id == found[1]), None)
        options = {o.id: o.label for o in step.decision.options} if step and step.decision else {}
        said = "chose" if found[2] == "==" else "did not choose"
        return f"step {numbers.get(found[1], found[1])} {said} “{options.get(found[3], found[3])}”"

    said = _DECISION.sub(chosen, " ".join(text.split()))
    said = _DECISION_ALONE.sub(lambda m: f"{m[1]} of step {numbers.get(m[2], m[2])}", said)
    return re.sub(r"(?<=[a-z0-9])_(?=[a-z0-9])", " ", said)


def _decision(plan: Plan, step: Step) -> View | None:
    asked = step.decision
    if asked is None:
        return None
    able = [r.title for r in plan.roles.values() if asked.authority and asked.authority in r.authority]
    return {
        "question": asked.question,
        "who": listed(able) if able else role_name(plan, step.role),
        "options": [{"label": o.label, "consequence": _follows(o)} for o in asked.options],
        "nobody": asked.if_nobody_decides,
    }


def _follows(option: DecisionOption) -> str:
    said = consequence_words(option)
    return f"{said}." if said else ""


def duties(plan: Plan) -> list[View]:
    """Every duty to notify that the playbooks know, once: who is told, within what time, counted from what instant."""
    rows: dict[tuple[str, ...], View] = {}
    for book in plan.playbooks.values():
        titles = {step.id: step.title for step in book.steps}
        for step in (s for s in book.steps if s.kind is StepKind.NOTIFICATION):
            regime = REGIMES.get(step.regime or "", words(step.regime or ""))
            to = audience_name(plan, step.recipient or step.audience) if step.recipient or step.audience else ""
            within = _hours(step.due.within) if step.due else ""
            start = ""
            if step.due:
                start = (
                    titles.get(step.due.after_step, step.due.after_step) if step.due.after_step else str(step.due.after)
                )
            row = rows.setdefault(
                (step.title, regime, to, within, start),
                {"title": step.title, "regime": regime, "to": to, "within": within, "from": start, "playbooks": [],
                 "when": condition(book, step.when, {}), "minutes": _minutes(step.due.within if step.due else None)},
            )  # fmt: skip
            row["playbooks"].append(book.title)
    return sorted(rows.values(), key=lambda row: (row["minutes"], row["regime"], row["title"]))


def _hours(within: Offset) -> str:
    """The time allowed, in hours up to three days, as laws and people say it: 24 h, 72 h."""
    hours = within.elapsed.total_seconds() / 3600
    return f"{hours:.0f} h" if hours in (24, 48, 72) else str(within)


def _minutes(within: Offset | None) -> float:
    """About how long, to sort by."""
    if within is None:
        return float("inf")
    return within.elapsed.total_seconds() / 60 + (within.business_days * 1.4 + within.months * 30) * 1440


def message(plan: Plan, sent: Message) -> View:
    """A prepared text as lines of runs: words, strong words, and a blank where a fact is to be written by hand."""
    return {
        "id": sent.id,
        "title": sent.title,
        "to": audience_name(plan, sent.audience) if sent.audience else "",
        "language": sent.language,
        "lines": [_line(line) for line in PLACEHOLDER.sub(_in_one_line, sent.body).strip().split("\n")],
    }


def _in_one_line(found: re.Match[str]) -> str:
    return "{{ " + " ".join(found[1].split()) + " }}"


_MARK = re.compile(r"^(\s*)(?:(#{1,6})|([-*])|(\d{1,3}[.)]))\s+")


def _line(line: str) -> View:
    found = _MARK.match(line)
    text = line[found.end() :] if found else line.strip()
    bullet = ("\u2013" if found[3] else found[4] or "") if found else ""
    strong = bool(found and found[2])
    runs: list[View] = []
    for place, piece in enumerate(re.split(r"\*\*", text)):
        loud = strong or place % 2 == 1
        for turn, part in enumerate(PLACEHOLDER.split(piece)):
            if turn % 2:
                runs.append({"blank": words(part), "strong": loud})
            elif part:
                runs.append({"text": part, "strong": loud})
    return {"bullet": bullet, "depth": len(found[1]) // 2 if found else 0, "runs": runs}
