"""What happens around incidents, told: evidence, clocks, plans, accounts, messages.

Only words: nothing is imported from the rooms above.
"""

from __future__ import annotations

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from tocsin.incidents.sentences.telling import (
    CLOCK,
    LATE,
    NEW,
    Payload,
    Words,
    because,
    names,
    tells,
    time_word,
)

# Evidence and analysis ----------------------------------------------------------------------------


@tells("evidence.take", NEW)
def _take(p: Payload, w: Words) -> str:
    items, known = p.get("items", []), p.get("known", [])
    w["count"], w["again"] = len(items), len(known)
    names(w, items, "name")
    text = ngettext(
        "%(who)s took %(count)d item into custody: %(names)s.",
        "%(who)s took %(count)d items into custody: %(names)s.",
        w["count"],
    )
    if not items:
        text = _("%(who)s took in what is in custody already.")
    if known and items:
        text += " " + ngettext(
            "%(again)d file was in custody already.", "%(again)d files were in custody already.", w["again"]
        )
    return because(p, text, "why")


@tells("evidence.transfer")
def _transfer(p: Payload, w: Words) -> str:  # noqa: ARG001  every teller is called alike
    return _("%(who)s handed %(item)s to %(to)s: %(why)s")


@tells("evidence.verify")
def _verify(p: Payload, w: Words) -> str:
    broken = p.get("broken", [])
    w["count"] = len(p.get("verified", ()))
    text = ngettext(
        "%(who)s checked the evidence: %(count)d item still has its hash.",
        "%(who)s checked the evidence: %(count)d items still have their hashes.",
        w["count"],
    )
    if broken:
        names(w, broken, "item")
        text += " " + _("These do not: %(names)s.")
    return text


@tells("analysis.request")
def _request(p: Payload, w: Words) -> str:
    w["items"] = int(p.get("items") or 0)
    return ngettext(
        "%(who)s asked for analysis run %(run)s over %(items)d item.",
        "%(who)s asked for analysis run %(run)s over %(items)d items.",
        w["items"],
    )


@tells("analysis.start")
def _start(p: Payload, w: Words) -> str:
    rules = p.get("rules") or {}
    w["loaded"] = int(rules.get("loaded") or 0)
    return ngettext(
        "%(who)s started run %(run)s with %(loaded)d rule.",
        "%(who)s started run %(run)s with %(loaded)d rules.",
        w["loaded"],
    )


@tells("analysis.finish", NEW)
def _finish(p: Payload, w: Words) -> str:
    if p.get("state") == "empty":
        return _("%(who)s ended run %(run)s: nothing in the evidence could be read.")
    w["records"], w["detections"] = int(p.get("records") or 0), int(p.get("detections") or 0)
    text = _("%(who)s ended run %(run)s: %(records)d records read, %(detections)d detections.")
    if p.get("lost") or p.get("not_understood"):
        text += " " + _("Lost: %(lost)s. Not understood: %(not_understood)s.")
    return text


@tells("analysis.fail", LATE)
def _fail(p: Payload, w: Words) -> str:  # noqa: ARG001
    return _("%(who)s: run %(run)s failed: %(error)s")


@tells("analysis.stop")
def _stop(p: Payload, w: Words) -> str:  # noqa: ARG001
    return _("%(who)s stopped run %(run)s.")


# What analysts look for and note ------------------------------------------------------------------


@tells("feed.import", NEW)
def _import_feed(p: Payload, w: Words) -> str:
    w["count"] = int(p.get("count") or 0)
    return ngettext(
        "%(who)s looks for %(count)d indicator of %(name)s.",
        "%(who)s looks for %(count)d indicators of %(name)s.",
        w["count"],
    )


@tells("feed.withdraw")
def _withdraw_feed(p: Payload, w: Words) -> str:  # noqa: ARG001
    return because(p, _("%(who)s no longer looks for the indicators of %(name)s."))


@tells("indicator.add", NEW)
def _add_indicator(p: Payload, w: Words) -> str:  # noqa: ARG001
    return _("%(who)s looks for %(value)s.")


@tells("indicator.withdraw")
def _withdraw_indicator(p: Payload, w: Words) -> str:  # noqa: ARG001
    return because(p, _("%(who)s no longer looks for %(value)s."))


@tells("yara.add", NEW)
def _add_yara(p: Payload, w: Words) -> str:
    w["count"] = int(p.get("rules") or 0)
    return ngettext(
        "%(who)s scans with %(count)d YARA rule of %(name)s.",
        "%(who)s scans with %(count)d YARA rules of %(name)s.",
        w["count"],
    )


@tells("yara.withdraw")
def _withdraw_yara(p: Payload, w: Words) -> str:  # noqa: ARG001
    return _("%(who)s no longer scans with the YARA rules of %(name)s.")


@tells("sample.release", LATE)
def _release_sample(p: Payload, w: Words) -> str:  # noqa: ARG001
    return _("%(who)s took the sample %(name)s out, encrypted: %(why)s")


@tells("event.mark")
def _mark_events(p: Payload, w: Words) -> str:
    w["count"] = len(p.get("events", []))
    tags = [{"tag": tag} for tag in p.get("tags", [])]
    names(w, tags, "tag")
    if p.get("comment"):
        return ngettext(
            "%(who)s commented on %(count)d event: %(comment)s",
            "%(who)s commented on %(count)d events: %(comment)s",
            w["count"],
        )
    if tags:
        return ngettext(
            "%(who)s tagged %(count)d event %(names)s.", "%(who)s tagged %(count)d events %(names)s.", w["count"]
        )
    if p.get("starred"):
        return ngettext("%(who)s starred %(count)d event.", "%(who)s starred %(count)d events.", w["count"])
    return ngettext("%(who)s took a mark off %(count)d event.", "%(who)s took marks off %(count)d events.", w["count"])


@tells("search.save")
def _save_search(p: Payload, w: Words) -> str:  # noqa: ARG001
    return _("%(who)s kept the search %(name)s.")


@tells("search.drop")
def _drop_search(p: Payload, w: Words) -> str:  # noqa: ARG001
    return _("%(who)s removed the search %(name)s.")


# Clocks -------------------------------------------------------------------------------------------


@tells("clocks.open", CLOCK)
def _open_clocks(p: Payload, w: Words) -> str:
    clocks = p.get("clocks", [])
    w["count"] = len(clocks)
    names(w, clocks, "title")
    return ngettext(
        "%(who)s set out %(count)d clock: %(names)s.", "%(who)s set out %(count)d clocks: %(names)s.", w["count"]
    )


@tells("clocks.keep", CLOCK)
def _keep_clocks(p: Payload, w: Words) -> str:
    states = {
        "running": _("Running: %(names)s."),
        "late": _("Late: %(names)s."),
        "met": _("Met: %(names)s."),
        "not_needed": _("Not needed: %(names)s."),
        "waiting": _("Waiting: %(names)s."),
    }
    parts = []
    for state, text in states.items():
        rows = [c for c in p.get("clocks", []) if c.get("state") == state]
        if rows:
            names(w, rows, "title")
            parts.append(text % w)
    # The parts are filled in already: a percent sign in a clock's title must not be read as a placeholder.
    w["parts"] = " ".join(parts)
    return _("%(who)s brought clocks up to date. %(parts)s")


# The organization: plan, accounts, messages -------------------------------------------------------


@tells("organization.found", NEW)
def _found(p: Payload, w: Words) -> str:  # noqa: ARG001
    return _("%(who)s founded the organization %(name)s.")


@tells("plan.import", NEW)
def _import(p: Payload, w: Words) -> str:
    w["count"], w["short"] = len(p.get("playbooks", ())), str(w["version"])[:12]
    return ngettext(
        "%(who)s imported plan %(number)s (%(short)s) with %(count)d playbook.",
        "%(who)s imported plan %(number)s (%(short)s) with %(count)d playbooks.",
        w["count"],
    )


@tells("user.invite")
def _invite(p: Payload, w: Words) -> str:  # noqa: ARG001
    if p.get("created") is False:
        return _("%(who)s gave %(name)s the role %(role)s in the organization.")
    return _("%(who)s gave %(name)s an account as %(role)s.")


@tells("user.deactivate")
def _deactivate(p: Payload, w: Words) -> str:  # noqa: ARG001
    if p.get("closed"):
        return because(
            p, _("%(who)s took %(person)s out of the organization and its incidents and closed the account.")
        )
    return because(p, _("%(who)s took %(person)s out of the organization and its incidents."))


@tells("user.reactivate")
def _reactivate(p: Payload, w: Words) -> str:  # noqa: ARG001
    return because(p, _("%(who)s took %(person)s in again as %(role)s."))


@tells("user.link")
def _link(p: Payload, w: Words) -> str:
    w["expires_at"] = time_word(p.get("expires_at"), w)
    return _("%(who)s made a sign-in link for %(person)s, good until %(expires_at)s.")


@tells("user.sign_in")
def _sign_in(p: Payload, w: Words) -> str:  # noqa: ARG001
    return _("%(who)s let %(person)s in with a sign-in link.")


def _means(name: object) -> str:
    """What somebody signs in with, as people say it."""
    known = {
        "password": _("password"), "link": _("sign-in link"), "totp": _("authenticator app"),
        "webauthn": _("passkey"), "recovery_codes": _("recovery codes"),
    }  # fmt: skip
    return known.get(str(name), _("unknown means"))


def _from_where(p: Payload, text: str) -> str:
    return text + (_(" From %(address)s.") if p.get("address") else "")


@tells("user.signed_in")
def _signed_in(p: Payload, w: Words) -> str:
    w["how"] = _(" and ").join(_means(h) for h in p.get("how", ())) or _means("")
    return _from_where(p, _("%(person)s signed in with %(how)s."))


@tells("user.sign_in_failed", LATE)
def _sign_in_failed(p: Payload, w: Words) -> str:
    w["step"] = _means(p.get("step"))
    text = _from_where(p, _("A sign-in as %(person)s failed: %(step)s."))
    return text + (_(" More of them within the hour are not written.") if p.get("last") else "")


@tells("user.signed_out")
def _signed_out(p: Payload, w: Words) -> str:  # noqa: ARG001
    return _from_where(p, _("%(person)s signed out."))


@tells("user.security_changed")
def _security_changed(p: Payload, w: Words) -> str:
    w["what"] = _means(p.get("what"))
    said = {
        "set": _("%(person)s changed how they sign in: %(what)s set."),
        "changed": _("%(person)s changed how they sign in: %(what)s changed."),
        "added": _("%(person)s changed how they sign in: %(what)s added."),
        "removed": _("%(person)s changed how they sign in: %(what)s removed."),
    }
    return _from_where(p, said.get(str(p.get("change")), said["changed"]))


@tells("user.set_zone")
def _set_zone(p: Payload, w: Words) -> str:  # noqa: ARG001
    return _("%(person)s reads times in the zone %(zone)s now, no longer in %(before)s.")


@tells("access.grant")
def _grant(p: Payload, w: Words) -> str:  # noqa: ARG001
    return _("%(who)s gave %(person)s the role %(role)s in the organization.")


@tells("access.revoke")
def _revoke(p: Payload, w: Words) -> str:  # noqa: ARG001
    return _("%(who)s took the role %(role)s in the organization from %(person)s.")


@tells("message.queue")
def _queue(p: Payload, w: Words) -> str:  # noqa: ARG001
    return _("%(who)s wrote to %(recipient)s: %(subject)s")


@tells("message.settle")
def _settle(p: Payload, w: Words) -> str:  # noqa: ARG001
    states = {
        "sent": _("The message to %(recipient)s was sent."),
        "queued": _("The message to %(recipient)s could not be sent yet and is tried again: %(error)s"),
        "failed": _("The message to %(recipient)s could not be sent: %(error)s"),
        "fenced": _("The message to %(recipient)s was held back: %(error)s."),
    }
    return states.get(str(p.get("state")), states["queued"])
