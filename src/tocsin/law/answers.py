"""What a fact sheet answers to a condition: yes, no or not known, with the reasons and what would decide it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from tocsin.law import regions
from tocsin.law.facts import Range
from tocsin.law.models import COMPARISONS, Condition
from tocsin.law.reasons import Reason
from tocsin.law.sheet import Sheet


@dataclass(slots=True)
class Answer:
    """`truth` is True, False or None (not known, or for a person to judge); `missing` names the facts to learn."""

    truth: bool | None
    reasons: tuple[Reason, ...] = ()
    missing: tuple[str, ...] = ()
    judge: tuple[str, ...] = ()


def answer(condition: Condition, sheet: Sheet) -> Answer:
    """The answer to a condition. What is not known never becomes a no."""
    return _ASK[condition.kind](condition, sheet)


def joined(answers: list[Answer], truth: bool | None) -> Answer:
    """The answers that bear on the outcome, as one."""
    return Answer(
        truth,
        tuple(reason for one in answers for reason in one.reasons),
        tuple(dict.fromkeys(name for one in answers for name in one.missing)) if truth is None else (),
        tuple(dict.fromkeys(text for one in answers for text in one.judge)) if truth is None else (),
    )


def _all(condition: Condition, sheet: Sheet) -> Answer:
    answers = [answer(part, sheet) for part in condition.all or ()]
    if against := [one for one in answers if one.truth is False]:
        return joined(against, False)
    return joined(answers, None if any(one.truth is None for one in answers) else True)


def _any(condition: Condition, sheet: Sheet) -> Answer:
    answers = [answer(part, sheet) for part in condition.any or ()]
    if met := [one for one in answers if one.truth]:
        return joined(met, True)
    if open_ := [one for one in answers if one.truth is None]:
        return joined(open_, None)
    return joined(answers, False)


def _not(condition: Condition, sheet: Sheet) -> Answer:
    inner = answer(condition.not_ or condition, sheet)
    if inner.truth is not None:
        inner.truth = not inner.truth
    return inner


def _role(condition: Condition, sheet: Sheet) -> Answer:
    asked = condition.role or ()
    if held := [role for role in asked if role in sheet.roles]:
        return Answer(True, (Reason("role-held", {"held": ", ".join(held)}),))
    values = {"roles": ", ".join(asked)}
    if not sheet.facts.roles or not sheet.roles_open.isdisjoint(asked):
        return Answer(None, (Reason("role-unknown", values),), ("roles",))
    return Answer(False, (Reason("role-not-held", values),))


def _flag(condition: Condition, sheet: Sheet) -> Answer:
    name = condition.flag or ""
    truth = sheet.flag(name)
    values = {"flag": name}
    if truth is None:
        return Answer(None, (Reason("flag-unknown", values),), (name,))
    if truth:
        return Answer(True, (Reason("flag-true" if sheet.facts.flags.get(name) else "flag-follows", values),))
    return Answer(False, (Reason("flag-false", values),))


def _data(condition: Condition, sheet: Sheet) -> Answer:
    asked = condition.data or ()
    if held := [category for category in asked if category in sheet.data]:
        return Answer(True, (Reason("data-affected", {"held": ", ".join(held)}),))
    values = {"data": ", ".join(asked)}
    if sheet.facts.data_categories is None or not sheet.data_open.isdisjoint(asked):
        return Answer(None, (Reason("data-unknown", values),), ("data_categories",))
    return Answer(False, (Reason("data-not-affected", values),))


def _region(condition: Condition, sheet: Sheet) -> Answer:
    code = condition.region or ""
    people, present = sheet.people(code), sheet.present(code)
    values = {"region": code, "people": str(people)}
    if people.low > 0:
        return Answer(True, (Reason("region-people", values),))
    if present:
        return Answer(True, (Reason("region-present", values),))
    if people.high == 0 and present is False:
        return Answer(False, (Reason("region-no", values),))
    missing = () if people.high == 0 else (f"affected:{code}",)
    return Answer(None, (Reason("region-unknown", values),), missing + (() if present is False else ("operates_in",)))


def compared(people: Range, comparison: str, number: int) -> bool | None:
    """Whether a range meets a comparison; None where it lies on both sides of the number."""
    low, high = people.low, people.high
    if comparison in ("fewer_than", "at_most"):
        over = compared(people, "at_least" if comparison == "fewer_than" else "more_than", number)
        return None if over is None else not over
    needed = number + (comparison == "more_than")
    if low >= needed:
        return True
    return False if high is not None and high < needed else None


_OUTCOME = {True: "meets", False: "fails", None: "unknown"}


def _people(condition: Condition, sheet: Sheet) -> Answer:
    code = condition.people_in or ""
    comparison, number = condition.comparison
    people = sheet.people(code)
    truth = compared(people, comparison, number)
    region = "all regions" if code == regions.TOTAL else code
    values = {"region": region, "people": str(people), "rule": f"{COMPARISONS[comparison]} {number:,}"}
    return Answer(truth, (Reason(f"people-{_OUTCOME[truth]}", values),), (f"affected:{code}",) if truth is None else ())


def _part(condition: Condition, sheet: Sheet) -> Answer:
    code = condition.any_part_of or ""
    comparison, number = condition.comparison
    values = {"region": code, "rule": f"{COMPARISONS[comparison]} {number:,}"}
    for part in sheet.parts_of(code):
        if compared(sheet.people(part), comparison, number):
            found = values | {"part": part, "people": str(sheet.people(part))}
            return Answer(True, (Reason("part-meets", found),))
    whole = compared(sheet.people(code), comparison, number)
    if whole is False or _each_fails(sheet, code, comparison, number):
        return Answer(False, (Reason("part-fails", values),))
    return Answer(None, (Reason("part-unknown", values),), (f"affected:{code}",))


def _each_fails(sheet: Sheet, code: str, comparison: str, number: int) -> bool:
    """Whether every part is known to fail, and so does what can be in parts that the sheet does not name."""
    parts = [sheet.people(part) for part in sheet.parts_of(code)] + [Range(0, sheet.unnamed_in(code))]
    return all(compared(part, comparison, number) is False for part in parts)


def _judge(condition: Condition, _: Sheet) -> Answer:
    question = condition.judge or ""
    return Answer(None, (Reason("judge", {"question": question}),), (), (question,))


_ASK: dict[str, Callable[[Condition, Sheet], Answer]] = {
    "all": _all,
    "any": _any,
    "not_": _not,
    "role": _role,
    "flag": _flag,
    "data": _data,
    "region": _region,
    "people_in": _people,
    "any_part_of": _part,
    "judge": _judge,
}
