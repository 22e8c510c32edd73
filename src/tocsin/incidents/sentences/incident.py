"""What happens in an incident, told: people, work, decisions, findings, scope, remediation."""

from __future__ import annotations

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from tocsin.incidents.sentences.telling import (
    CLOCK,
    DECISION,
    LATE,
    NEW,
    Payload,
    Words,
    because,
    names,
    phase_word,
    state_word,
    tells,
    time_word,
)

# Incidents and who is in them ---------------------------------------------------------------------


@tells("incident.declare", NEW)
def _declare(p: Payload, w: Words) -> str:  # noqa: ARG001  every teller is called alike
    if p.get("repeated"):
        return _("%(who)s declared an incident again; it is the one that was declared before.")
    return _("%(who)s declared an exercise.") if p.get("exercise") else _("%(who)s declared an incident.")


@tells("incident.open", NEW)
def _open(p: Payload, w: Words) -> str:  # noqa: ARG001
    w["who"] = w["declared_by"]
    return _("%(who)s declared %(number)s, “%(title)s”, severity %(severity)s.")


@tells("roles.fill")
def _fill(p: Payload, w: Words) -> str:
    roles = p.get("roles", [])
    empty = [r for r in roles if not r["holder"]]
    without = [r for r in roles if r["holder"] and not r.get("account", True)]  # entries of before say nothing about it
    w["count"] = len(roles) - len(empty) - len(without)
    text = ngettext(
        "%(who)s filled %(count)d role from the plan.", "%(who)s filled %(count)d roles from the plan.", w["count"]
    )
    if without:
        names(w, without, "holder")
        w["without"] = w["names"]
        text += " " + _("In the plan, but without an account, so that they cannot open the incident: %(without)s.")
    if empty:
        names(w, empty, "title")
        text += " " + _("Nobody holds: %(names)s")
    return text


@tells("role.assign")
def _assign_role(p: Payload, w: Words) -> str:  # noqa: ARG001
    if p.get("before"):
        return because(p, _("%(who)s handed the role %(title)s from %(before)s to %(holder)s."))
    return because(p, _("%(who)s gave the role %(title)s to %(holder)s."))


@tells("role.seat")
def _seat(p: Payload, w: Words) -> str:  # noqa: ARG001
    return _("%(holder)s, %(title)s, has an account now.")


@tells("role.vacate")
def _vacate(p: Payload, w: Words) -> str:  # noqa: ARG001
    return because(p, _("%(before)s holds the role %(title)s no more; nobody does."))


@tells("access.admit")
def _admit(p: Payload, w: Words) -> str:  # noqa: ARG001
    return _("%(who)s let %(person)s onto the incident as %(role)s.")


@tells("access.dismiss")
def _dismiss(p: Payload, w: Words) -> str:  # noqa: ARG001
    return _("%(who)s took the role %(role)s on the incident from %(person)s.")


@tells("phase.set", DECISION)
def _set_phase(p: Payload, w: Words) -> str:
    w["phase"], w["before"] = phase_word(p.get("phase", "")), phase_word(p.get("before", ""))
    return because(p, _("%(who)s moved the incident from %(before)s to %(phase)s."))


@tells("severity.set", DECISION)
def _set_severity(p: Payload, w: Words) -> str:  # noqa: ARG001
    return because(p, _("%(who)s changed the severity from %(before)s to %(severity)s."))


@tells("summary.set")
def _summary(p: Payload, w: Words) -> str:  # noqa: ARG001
    return _("%(who)s wrote what is going on: %(summary)s")


@tells("note.write")
def _note(p: Payload, w: Words) -> str:  # noqa: ARG001
    return _("%(who)s noted: %(text)s")


@tells("fact.set")
def _fact(p: Payload, w: Words) -> str:
    value = p.get("value")
    w["value"] = _yes_no(value, w["value"])
    if p.get("before") is not None and p.get("before") != value:
        w["before"] = _yes_no(p["before"], w["before"])
        return because(p, _("%(who)s changed a fact: %(object_name)s is %(value)s, no longer %(before)s."))
    return because(p, _("%(who)s stated a fact: %(object_name)s is %(value)s."))


@tells("fact.withdraw")
def _withdraw(p: Payload, w: Words) -> str:
    w["before"] = _yes_no(p.get("before"), w["before"])
    return because(
        p, _("%(who)s took a fact back: %(object_name)s is not known any more; it was said to be %(before)s.")
    )


def _yes_no(value: object, said: object) -> object:
    return (_("yes") if value else _("no")) if isinstance(value, bool) else said


@tells("tasks.recall")
def _recall(p: Payload, w: Words) -> str:
    said = {
        "back": _("No longer called for, and nobody had begun: %(names)s."),
        "stay": _("No longer called for, but somebody has begun, so it stays: %(names)s."),
        "again": _("Called for again: %(names)s."),
    }
    parts = []
    for key, text in said.items():
        if rows := p.get(key):
            names(w, rows, "title")
            parts.append(text % w)
    # The parts are filled in already: a percent sign in a title must not be read as a placeholder.
    w["parts"] = " ".join(parts)
    return because(p, _("%(who)s looked again at what the facts call for. %(parts)s"))


@tells("clock.set", CLOCK)
def _clock(p: Payload, w: Words) -> str:
    w["shown"], w["speed"] = time_word(p.get("shown"), w), f"{float(p.get('speed') or 0):g}"
    return _("%(who)s set the exercise clock: it shows %(shown)s and runs at %(speed)s times real time.")


# Work ---------------------------------------------------------------------------------------------


@tells("playbook.start", NEW)
def _playbook(p: Payload, w: Words) -> str:
    w["count"] = len(p.get("tasks", ()))
    text = ngettext(
        "%(who)s started the playbook %(title)s with %(count)d task.",
        "%(who)s started the playbook %(title)s with %(count)d tasks.",
        w["count"],
    )
    return because(p, text)


@tells("tasks.advance")
def _advance(p: Payload, w: Words) -> str:
    opened = p.get("opened", [])
    w["count"] = len(opened) or len(p.get("due", ()))
    if opened:
        names(w, opened, "title")
        return ngettext(
            "%(who)s opened %(count)d task: %(names)s", "%(who)s opened %(count)d tasks: %(names)s", w["count"]
        )
    return ngettext(
        "%(who)s computed %(count)d deadline anew.", "%(who)s computed %(count)d deadlines anew.", w["count"]
    )


@tells("task.add", NEW)
def _add_task(p: Payload, w: Words) -> str:  # noqa: ARG001
    return _("%(who)s added T-%(task)s, %(title)s.")


@tells("task.assign")
def _assign(p: Payload, w: Words) -> str:  # noqa: ARG001
    if p.get("member"):
        return _("%(who)s gave T-%(task)s, %(title)s, to %(member)s.")
    return _("%(who)s took T-%(task)s, %(title)s, off %(before)s.")


@tells("task.start")
def _start(p: Payload, w: Words) -> str:  # noqa: ARG001
    return _("%(who)s started T-%(task)s, %(title)s.")


@tells("task.block", LATE)
def _block(p: Payload, w: Words) -> str:  # noqa: ARG001
    return _("%(who)s says T-%(task)s, %(title)s, is blocked: %(reason)s")


@tells("task.complete")
def _complete(p: Payload, w: Words) -> str:  # noqa: ARG001
    text = _("%(who)s finished T-%(task)s, %(title)s.")
    return text + " " + _("Proof: %(proof)s") if p.get("proof") else text


@tells("task.skip")
def _skip(p: Payload, w: Words) -> str:  # noqa: ARG001
    return _("%(who)s set T-%(task)s, %(title)s, to not needed: %(reason)s")


@tells("task.reopen")
def _reopen(p: Payload, w: Words) -> str:  # noqa: ARG001
    return _("%(who)s took up T-%(task)s, %(title)s, again: %(reason)s")


@tells("task.overdue", LATE)
def _overdue(p: Payload, w: Words) -> str:
    w["due_at"] = time_word(p.get("due_at"), w)
    return _("T-%(task)s, %(title)s, passed its deadline of %(due_at)s.")


# Decisions ----------------------------------------------------------------------------------------


# Findings, scope, remediation ---------------------------------------------------------------------


@tells("finding.state", NEW)
def _state_finding(p: Payload, w: Words) -> str:  # noqa: ARG001
    return _("%(who)s stated F-%(finding)s: %(claim)s (%(confidence)s confidence)")


@tells("findings.suggest", NEW)
def _suggest_findings(p: Payload, w: Words) -> str:
    found = p.get("findings", [])
    w["count"] = len(found)
    if not found:
        return _("%(who)s brought the events behind suggested findings up to date.")
    names(w, found, "claim", most=2)
    return ngettext(
        "%(who)s suggests %(count)d finding: %(names)s", "%(who)s suggests %(count)d findings: %(names)s", w["count"]
    )


@tells("finding.judge")
def _judge(p: Payload, w: Words) -> str:  # noqa: ARG001
    if p.get("accepted"):
        return because(p, _("%(who)s accepted F-%(finding)s: %(claim)s"), "reason")
    return _("%(who)s rejected F-%(finding)s, %(claim)s: %(reason)s")


@tells("finding.answer", NEW)
def _answer(p: Payload, w: Words) -> str:  # noqa: ARG001
    if p.get("accepted"):
        return _("%(who)s stated F-%(finding)s, which the analysis proposed: %(claim)s")
    return _("%(who)s rejected what the analysis proposed, %(claim)s: %(reason)s")


@tells("scope.add", NEW)
def _add_scope(p: Payload, w: Words) -> str:
    w["state"] = state_word(p.get("state", ""))
    return because(p, _("%(who)s put S-%(entry)s, %(name)s, in scope as %(state)s."))


@tells("scope.suggest", NEW)
def _suggest_scope(p: Payload, w: Words) -> str:
    entries = p.get("entries", [])
    w["count"] = len(entries)
    if not entries:
        return _("%(who)s brought the events behind scope entries up to date.")
    names(w, entries, "name")
    return ngettext(
        "%(who)s suspects %(count)d thing is affected: %(names)s.",
        "%(who)s suspects %(count)d things are affected: %(names)s.",
        w["count"],
    )


@tells("scope.change")
def _change_scope(p: Payload, w: Words) -> str:
    w["state"], w["before"] = state_word(p.get("state", "")), state_word(p.get("before", ""))
    return because(p, _("%(who)s changed S-%(entry)s, %(name)s, from %(before)s to %(state)s."))


@tells("remediation.plan")
def _plan_remediation(p: Payload, w: Words) -> str:  # noqa: ARG001
    return _("%(who)s planned R-%(remediation)s for %(name)s: %(action)s")


@tells("remediation.do")
def _do_remediation(p: Payload, w: Words) -> str:  # noqa: ARG001
    return _("%(who)s carried out R-%(remediation)s, %(action)s; it is not verified yet.")


@tells("remediation.verify")
def _verify_remediation(p: Payload, w: Words) -> str:  # noqa: ARG001
    if p.get("held"):
        return _("%(who)s verified R-%(remediation)s, %(action)s: %(result)s")
    return _("%(who)s found that R-%(remediation)s, %(action)s, did not hold: %(result)s")
