"""Notices: drafted from the facts, changed by hand, and finished: then the text and its hash are kept."""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Mapping
from typing import Any

from tocsin.core.action import Call, Invalid, action
from tocsin.disclosure.actions.common import duty_of, regime_named, stage_of
from tocsin.disclosure.actions.duties import RULES
from tocsin.disclosure.models import Notice, NoticeState
from tocsin.disclosure.notices.content import Language, languages
from tocsin.disclosure.notices.drawing import Drawn, draw
from tocsin.disclosure.notices.standing import drawn_now, still_open
from tocsin.disclosure.notices.text import as_text
from tocsin.incidents.actions.common import WORKS_OR_ADVISES, next_number, same_revision
from tocsin.incidents.models import Incident

LONGEST = 20_000  # characters of one section


@action("notice.draft", WORKS_OR_ADVISES)
def draft_notice(call: Call[Incident], *, regime: str, stage: str, language: str = "en") -> Notice:
    """Draft a notice of a stage from the facts as they stand: a section for each content that the regime asks for.

    What no fact fills is a marked line. Raises Invalid for an unknown duty, stage or language.
    """
    incident, told = call.place, _language(language)
    known = regime_named(incident, regime)
    found = stage_of(incident, regime, stage)
    duty = duty_of(incident, regime, call.sequence)
    duty.save()
    clock = duty.clocks.filter(stage=stage).first()
    drawn = draw(incident, known, stage, found.recipient, told.code, call.now, clock)
    notice = Notice.objects.create(
        incident=incident, duty=duty, number=next_number(Notice.objects.filter(incident=incident)), stage=stage,
        recipient=found.recipient, recipient_name=known.recipient_name(found.recipient)[:300], language=told.code,
        sections=[_section(one) for one in drawn], drafted_by=call.actor.name, drafted_at=call.now,
        drafted_by_id="" if call.actor.is_system else call.actor.id, changed_by=call.actor.name, changed_at=call.now,
        sequence=call.sequence,
    )  # fmt: skip
    missing = [one.heading for one in drawn if told.has_gap(one.text)]
    call.record(notice, number=notice.number, regime=regime, name=duty.name, stage=stage, language=told.code,
                missing=missing)  # fmt: skip
    return notice


@action("notice.edit", WORKS_OR_ADVISES)
def edit_notice(
    call: Call[Incident], *, notice: Notice, texts: Mapping[str, str] | None = None, take: Collection[str] = (),
    keep: Collection[str] = (), revision: int | None = None,
) -> Notice:  # fmt: skip
    """Change a draft: `texts` by a section's key in somebody's own words; `take` what the facts say now instead; `keep`
    the words although the facts changed.

    A section that the regime asks for and that the draft does not have yet comes with `take`. Raises Invalid for a final
    notice, an unknown section and a text beyond 20,000 characters, Stale for an old revision.
    """
    notice = _draft_of(call, notice)
    same_revision(notice, revision)
    now = {one.key: one for one in drawn_now(notice, call.now)}
    rows = {row["key"]: dict(row) for row in notice.sections}
    changed = _written(rows, texts or {})
    for key in take:
        if key not in now:
            raise Invalid(f"The facts have nothing for the section '{key[:80]}'.", "take")
        rows[key] = _section(now[key])
    for key in keep:
        if key not in rows or key not in now:
            raise Invalid(f"This notice has no section '{key[:80]}'.", "keep")
        rows[key]["drawn"] = now[key].text
    if not changed and not take and not keep:
        raise Invalid("Nothing was changed.", "texts")
    notice.sections = list(rows.values())
    notice.changed_by, notice.changed_at, notice.sequence = call.actor.name, call.now, call.sequence
    notice.save()
    call.record(
        notice, number=notice.number, name=notice.duty.name, stage=notice.stage,
        sections=[rows[k]["heading"] for k in changed], taken=[rows[k]["heading"] for k in take],
        kept=[rows[k]["heading"] for k in keep],
    )  # fmt: skip
    return notice


@action("notice.finish", RULES)
def finish_notice(call: Call[Incident], *, notice: Notice, reason: str = "", revision: int | None = None) -> Notice:
    """Make a draft final: its text and SHA-256 are kept, and nothing of it changes any more.

    Raises Invalid while something is missing or a fact changed under a section, unless `reason` says why it goes out so.
    """
    notice, reason = _draft_of(call, notice), reason.strip()
    same_revision(notice, revision)
    waiting = still_open(notice, call.now)
    if waiting and not reason:
        raise Invalid(
            f"Not ready: {'; '.join(waiting)}. Complete it, or say why it goes out as it is.", "reason"
        )  # fmt: skip
    notice.state, notice.open, notice.reason = NoticeState.FINAL, waiting, reason if waiting else ""
    notice.finished_by, notice.finished_at, notice.sequence = call.actor.name, call.now, call.sequence
    notice.text = as_text(notice)
    notice.sha256 = hashlib.sha256(notice.text.encode()).hexdigest()
    notice.save()
    call.record(notice, number=notice.number, name=notice.duty.name, stage=notice.stage, open=waiting,
                reason=notice.reason, sha256=notice.sha256)  # fmt: skip
    return notice


def _language(code: str) -> Language:
    found = languages().get(code)
    if found is None:
        raise Invalid(f"Notices are written in {', '.join(languages())}; '{code[:20]}' is none of them.", "language")
    return found


def _draft_of(call: Call[Incident], notice: Notice) -> Notice:
    """The notice as it stands under the chain's lock."""
    found = Notice.objects.select_related("duty", "incident").filter(incident=call.place, pk=notice.pk).first()
    if found is None:
        raise Invalid("This notice is not of this incident.", "notice")
    if found.is_final:
        raise Invalid(f"N-{found.number} is final and stays as it is. Draft another one instead.", "notice")
    return found


def _section(one: Drawn) -> dict[str, Any]:
    return {"key": one.key, "heading": one.heading, "asked": list(one.asked), "text": one.text, "drawn": one.text,
            "by_hand": False}  # fmt: skip


def _written(rows: dict[str, dict[str, Any]], texts: Mapping[str, str]) -> list[str]:
    """Put the texts into their sections; returns the keys of those that changed."""
    changed = []
    for key, sent in texts.items():
        text = sent.replace("\r\n", "\n").replace("\r", "\n").replace("\x00", "").strip()
        if key not in rows:
            raise Invalid(f"This notice has no section '{key[:80]}'.", "texts")
        if len(text) > LONGEST:
            raise Invalid(f"{rows[key]['heading']}: at most {LONGEST:,} characters.", "texts")
        if text != rows[key]["text"]:
            rows[key] |= {"text": text, "by_hand": True}
            changed.append(key)
    return changed
