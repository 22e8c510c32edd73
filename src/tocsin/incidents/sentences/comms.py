"""What happens to outgoing messages, told. Before a message is released no sentence says what it says or to whom."""

from __future__ import annotations

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from tocsin.incidents.sentences.telling import DECISION, LATE, NEW, Payload, Words, because, names, tells


@tells("audience.add")
def _audience(p: Payload, w: Words) -> str:  # noqa: ARG001  every teller is called alike
    return _("%(who)s added the audience %(audience)s.")


@tells("audience.fill")
def _fill(p: Payload, w: Words) -> str:
    w["n"] = int(p.get("recipients") or 0)
    text = ngettext("%(who)s gave %(audience)s a list of %(n)d recipient.",
                    "%(who)s gave %(audience)s a list of %(n)d recipients.", w["n"])  # fmt: skip
    if p.get("refused"):
        text += " " + _("%(refused)s lines were left out.")
    return text


@tells("comms.open", NEW)
def _open(p: Payload, w: Words) -> str:
    rows = [{"name": f"M-{m.get('outgoing')}"} for m in p.get("messages", [])]
    names(w, rows, "name")
    return _("Messages that the plan foresees are open as drafts: %(names)s.")


@tells("comms.draft", NEW)
def _draft(p: Payload, w: Words) -> str:  # noqa: ARG001
    return _("%(who)s began message M-%(outgoing)s.")


@tells("comms.edit")
def _edit(p: Payload, w: Words) -> str:  # noqa: ARG001
    return _("%(who)s changed message M-%(outgoing)s; it is a draft.")


@tells("comms.submit")
def _submit(p: Payload, w: Words) -> str:  # noqa: ARG001
    return _("%(who)s asked for the review of message M-%(outgoing)s.")


@tells("comms.review", DECISION)
def _review(p: Payload, w: Words) -> str:
    w["hash"] = str(p.get("sha256", ""))[:12]
    if p.get("state") == "legal":
        return _("%(who)s reviewed message M-%(outgoing)s (SHA-256 %(hash)s…); it waits for legal approval.")
    return _("%(who)s approved message M-%(outgoing)s (SHA-256 %(hash)s…).")


@tells("comms.clear", DECISION)
def _clear(p: Payload, w: Words) -> str:
    w["hash"] = str(p.get("sha256", ""))[:12]
    return _("%(who)s approved message M-%(outgoing)s legally (SHA-256 %(hash)s…).")


@tells("comms.return")
def _return(p: Payload, w: Words) -> str:  # noqa: ARG001
    return _("%(who)s sent message M-%(outgoing)s back to its writers.")


@tells("comms.withdraw")
def _withdraw(p: Payload, w: Words) -> str:  # noqa: ARG001
    return _("%(who)s withdrew message M-%(outgoing)s.")


@tells("comms.outdated", LATE)
def _outdated(p: Payload, w: Words) -> str:
    names(w, [{"name": str(f).replace("_", " ")} for f in p.get("facts", [])], "name")
    if not p.get("facts"):
        return _("Message M-%(outgoing)s says what is so again: its facts are as they were.")
    if p.get("sent"):
        return _("Message M-%(outgoing)s has gone, and a fact in it has changed since: %(names)s.")
    return _("A fact in message M-%(outgoing)s has changed: %(names)s. It has to be reviewed again.")


@tells("comms.stand", DECISION)
def _stand(p: Payload, w: Words) -> str:
    names(w, [{"name": str(f).replace("_", " ")} for f in p.get("facts", [])], "name")
    return _("%(who)s says that message M-%(outgoing)s stands though a fact changed: %(names)s.")


@tells("comms.release", DECISION)
def _release(p: Payload, w: Words) -> str:
    w["n"], w["hash"] = int(p.get("recipients") or 0), str(p.get("sha256", ""))[:12]
    if p.get("public") and not w["n"]:
        return _("Message M-%(outgoing)s stands on the public page: %(subject)s (SHA-256 %(hash)s…)")
    return ngettext(
        "Message M-%(outgoing)s goes to %(audience)s, %(n)d recipient: %(subject)s (SHA-256 %(hash)s…)",
        "Message M-%(outgoing)s goes to %(audience)s, %(n)d recipients: %(subject)s (SHA-256 %(hash)s…)", w["n"],
    )  # fmt: skip


@tells("comms.finish")
def _finish(p: Payload, w: Words) -> str:
    w["n"] = int(p.get("sent") or 0) + int(p.get("fenced") or 0)
    text = _("Message M-%(outgoing)s has gone to %(n)d.")
    if p.get("failed"):
        text += " " + _("It did not reach %(failed)s.")
    if p.get("recalled"):
        text += " " + _("It was recalled for %(recalled)s.")
    return text


@tells("comms.recall", LATE)
def _recall(p: Payload, w: Words) -> str:
    w["n"] = int(p.get("stopped") or 0)
    text = _("%(who)s recalled message M-%(outgoing)s.")
    if p.get("sent"):
        text = _("%(who)s recalled what had not gone of message M-%(outgoing)s; %(sent)s had it already.")
    return because(p, text)


@tells("comms.acknowledge")
def _acknowledge(p: Payload, w: Words) -> str:  # noqa: ARG001
    return _("Recipient %(recipient)s of message M-%(outgoing)s confirmed having read it.")


def _messages(p: Payload, w: Words) -> None:
    rows = [m if isinstance(m, dict) else {"outgoing": m} for m in p.get("messages", [])]
    names(w, [{"name": f"M-{m.get('outgoing')}"} for m in rows], "name", most=8)


@tells("wave.plan")
def _plan(p: Payload, w: Words) -> str:
    _messages(p, w)
    return _("%(who)s planned wave W-%(wave)s: %(names)s.")


@tells("wave.release", DECISION)
def _wave_release(p: Payload, w: Words) -> str:
    _messages(p, w)
    return _("%(who)s released wave W-%(wave)s: %(names)s. Each leaves in its turn.")


@tells("wave.pause", LATE)
def _pause(p: Payload, w: Words) -> str:  # noqa: ARG001
    return _("%(who)s paused wave W-%(wave)s.")


@tells("wave.hold", LATE)
def _hold(p: Payload, w: Words) -> str:  # noqa: ARG001
    return _("Wave W-%(wave)s is held until somebody has looked at it.")


@tells("wave.recall", LATE)
def _wave_recall(p: Payload, w: Words) -> str:
    _messages(p, w)
    if not p.get("messages"):
        return _("%(who)s recalled wave W-%(wave)s; nothing of it was under way.")
    return _("%(who)s recalled wave W-%(wave)s: what had not gone of %(names)s.")


@tells("wave.loosen", DECISION)
def _loosen(p: Payload, w: Words) -> str:  # noqa: ARG001
    return _("%(who)s lets message M-%(outgoing)s of wave W-%(wave)s go without what it waited for.")


@tells("wave.finish")
def _wave_finish(p: Payload, w: Words) -> str:  # noqa: ARG001
    return _("Wave W-%(wave)s is done.")


@tells("statuspage.open", NEW)
def _page(p: Payload, w: Words) -> str:  # noqa: ARG001
    return _("%(who)s opened the public status page “%(title)s”.")


@tells("statuspage.close")
def _close(p: Payload, w: Words) -> str:  # noqa: ARG001
    return because(p, _("%(who)s took the public status page off."))


@tells("question.write")
def _question(p: Payload, w: Words) -> str:  # noqa: ARG001
    return _("%(who)s wrote question Q-%(sheet)s of the sheet.")


@tells("question.approve", DECISION)
def _approve(p: Payload, w: Words) -> str:  # noqa: ARG001
    return _("%(who)s approved the answer to question Q-%(sheet)s.")


@tells("question.drop")
def _drop(p: Payload, w: Words) -> str:  # noqa: ARG001
    return _("%(who)s took question Q-%(sheet)s off the sheet.")
