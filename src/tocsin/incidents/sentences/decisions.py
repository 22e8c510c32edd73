"""Decisions, told: asked, advised on, taken, disagreed with, asked again, shaken, withdrawn, late."""

from __future__ import annotations

from django.utils.translation import gettext as _

from tocsin.incidents.sentences.telling import DECISION, LATE, Payload, Words, because, tells, time_word


@tells("decision.open", DECISION)
def _open_decision(p: Payload, w: Words) -> str:  # noqa: ARG001
    return _("%(who)s asks for D-%(decision)s: %(question)s")


@tells("decision.take", DECISION)
def _take(p: Payload, w: Words) -> str:  # noqa: ARG001
    if p.get("by"):
        return _("%(by)s decided D-%(decision)s by the signed link, %(question)s — %(label)s. Reason: %(reason)s")
    return _("%(who)s decided D-%(decision)s, %(question)s — %(label)s. Reason: %(reason)s")


@tells("decision.recommend", DECISION)
def _recommend(p: Payload, w: Words) -> str:  # noqa: ARG001
    return _("%(who)s is for “%(label)s” in D-%(decision)s, %(question)s Reason: %(reason)s")


@tells("decision.unsettle", DECISION)
def _unsettle(p: Payload, w: Words) -> str:
    changed = p.get("changed") or []
    if not changed:
        return _("What D-%(decision)s, %(question)s, rests on is again what it was when it was decided.")
    w["facts"] = "; ".join(f"{c.get('means', '?')}: {_value(c.get('was'))} → {_value(c.get('now'))}" for c in changed)
    return _("D-%(decision)s, %(question)s, rests on something that changed. %(facts)s")


def _value(value: object) -> str:
    if value is None:
        return _("not known")
    return (_("yes") if value else _("no")) if isinstance(value, bool) else str(value)


@tells("decision.dissent", DECISION)
def _dissent(p: Payload, w: Words) -> str:  # noqa: ARG001
    return _("%(who)s disagrees with D-%(decision)s: %(reason)s")


@tells("decision.revisit", DECISION)
def _revisit(p: Payload, w: Words) -> str:  # noqa: ARG001
    return _("%(who)s asks D-%(before)s again as D-%(decision)s: %(reason)s")


@tells("decision.withdraw", DECISION)
def _withdraw_decision(p: Payload, w: Words) -> str:  # noqa: ARG001
    return because(p, _("%(who)s withdrew D-%(decision)s, %(question)s"))


@tells("decision.overdue", LATE)
def _decision_overdue(p: Payload, w: Words) -> str:
    w["due_at"] = time_word(p.get("due_at"), w)
    text = _("D-%(decision)s, %(question)s, was not answered by %(due_at)s.")
    return text + " " + _("If nobody decides: %(if_nobody_decides)s") if p.get("if_nobody_decides") else text
