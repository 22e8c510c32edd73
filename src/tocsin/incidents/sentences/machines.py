"""Sentences about the keys that programs bring and the webhooks that programs are told by."""

from __future__ import annotations

from django.utils.translation import gettext as _

from tocsin.incidents.sentences.telling import Payload, Words, tells


@tells("token.create")
def _create_token(p: Payload, w: Words) -> str:
    w["scopes"] = ", ".join(str(s) for s in p.get("scopes") or ())
    if not w["scopes"]:  # from the time before keys had scopes
        return _("%(who)s made an API key for %(person)s, “%(label)s”.")
    return _("%(who)s made an API key for %(person)s, “%(label)s”, for: %(scopes)s.")


@tells("token.revoke")
def _revoke_token(p: Payload, w: Words) -> str:  # noqa: ARG001
    return _("%(who)s ended the API key “%(label)s” of %(person)s.")


@tells("webhook.create")
def _create_webhook(p: Payload, w: Words) -> str:
    w["host"] = str(p.get("host", ""))
    return _("%(who)s has %(host)s told what happens: webhook “%(label)s”.")


@tells("webhook.pause")
def _pause_webhook(p: Payload, w: Words) -> str:  # noqa: ARG001
    return _("%(who)s paused the webhook “%(label)s”.")


@tells("webhook.resume")
def _resume_webhook(p: Payload, w: Words) -> str:  # noqa: ARG001
    return _("%(who)s took the webhook “%(label)s” up again.")


@tells("webhook.end")
def _end_webhook(p: Payload, w: Words) -> str:  # noqa: ARG001
    return _("%(who)s ended the webhook “%(label)s”.")


@tells("webhook.fail")
def _fail_webhook(p: Payload, w: Words) -> str:
    w["because"] = str(p.get("because", ""))
    return _("The webhook “%(label)s” was given up: %(because)s.")
