"""What happens to alerts, told. Only words: nothing is imported from the room above."""

from __future__ import annotations

from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop, ngettext

from tocsin.incidents.sentences.telling import NEW, Payload, Words, because, tells

STATES = {
    "new": gettext_noop("new"),
    "true": gettext_noop("true"),
    "false_positive": gettext_noop("a false positive"),
    "near_miss": gettext_noop("a near miss"),
    "duplicate": gettext_noop("a duplicate"),
}


@tells("alertsource.add", NEW)
def _add(p: Payload, w: Words) -> str:  # noqa: ARG001  every teller is called alike
    return _("%(who)s added the alert source %(name)s.")


@tells("alertsource.change")
def _change(p: Payload, w: Words) -> str:  # noqa: ARG001
    if not p.get("active"):
        return _("%(who)s switched the alert source %(name)s off.")
    return _("%(who)s set up the alert source %(name)s.")


@tells("alertsource.renew")
def _renew(p: Payload, w: Words) -> str:  # noqa: ARG001
    return _("%(who)s gave the alert source %(name)s a new secret.")


@tells("alert.take")
def _take(p: Payload, w: Words) -> str:
    rows = p.get("alerts", [])
    new = [r for r in rows if r.get("new")]
    w["count"], w["new"] = sum(int(r.get("count", 0)) for r in rows), len(new)
    w["numbers"] = ", ".join(f"A-{r.get('alert')}" for r in rows[:4]) + (" …" if len(rows) > 4 else "")
    text = ngettext("%(source)s brought %(count)d alert", "%(source)s brought %(count)d alerts", w["count"])
    text += _(" (%(numbers)s)") if rows else ""
    text += _(", %(new)d of them new.") if rows else "."
    if any(r.get("reopened") for r in rows):
        text += " " + _("One that was judged is open again: its severity changed.")
    if p.get("refused"):
        text += " " + _("Refused: %(refused)s, too many at once.")
    if p.get("ignored"):
        text += " " + _("Passed over: %(ignored)s.")
    return text


@tells("alert.judge")
def _judge(p: Payload, w: Words) -> str:
    w["word"] = _(STATES.get(str(p.get("state")), "?"))
    if p.get("state") == "new":
        return because(p, _("%(who)s opened alert A-%(alert)s again."))
    return because(p, _("%(who)s judged alert A-%(alert)s: %(word)s."))


@tells("alert.attach", NEW)
def _attach(p: Payload, w: Words) -> str:  # noqa: ARG001  every teller is called alike
    text = _("%(who)s took alert A-%(alert)s from %(source)s into the incident: %(title)s")
    if int(p.get("count") or 1) > 1:
        text += " " + _("(%(count)s times)")
    return text
