"""Messages are opened by the playbook or drafted by hand, edited, and withdrawn."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from tocsin.comms.actions.audiences import audience_for
from tocsin.comms.filling import LONGEST_SUBJECT, lifted
from tocsin.comms.models import Draft, Message, MessageState, StatusWord
from tocsin.comms.models.audiences import Audience
from tocsin.comms.queries import needs_part, part_of, seen_message
from tocsin.core.access import Forbidden, system_only
from tocsin.core.action import Call, Invalid, action
from tocsin.incidents.actions.common import TAKES_PART, fresh, next_number, same_revision, words
from tocsin.incidents.models import Incident, Task
from tocsin.plan.comms_models import AudienceKind
from tocsin.plan.facts import PLACEHOLDER

LONGEST = 20_000
MOST_MESSAGES = 500
PUBLIC = "status-page"
NAME_ONLY = "The salutation may ask for {{ name }} and nothing else."


@action("comms.draft", TAKES_PART)
def draft_message(
    call: Call[Incident], *, audience: str = "", template: str = "", subject: str = "", body: str = "",
    salutation: str = "", language: str = "", only_language: bool = False, acknowledge: bool = False,
    on_status: bool = False, status_word: str = "",
) -> Message:  # fmt: skip
    """Begin a message, from a template of the plan or in free words. For the public page alone no audience is needed.

    Raises Invalid for an unknown template or audience, and for words that do not fit.
    """
    incident = fresh(call)
    if not part_of(call.actor, incident).works:
        raise Forbidden(f"{call.actor.name} takes no part in this incident")
    planned = incident.plan_version.plan.messages.get(template)
    if template and planned is None:
        raise Invalid("The plan has no such template.", "template")
    if planned is not None:
        greeting, prepared = lifted(planned.body)
        subject, body = subject.strip() or planned.title, body.strip() or prepared
        salutation, audience = salutation or greeting, audience or planned.audience or ""
        language = language or planned.language
    if incident.outgoing.count() >= MOST_MESSAGES:
        raise Invalid(f"An incident holds {MOST_MESSAGES} messages.")
    heard = _public(call) if on_status and not audience else audience_for(incident, audience, call.now, call.actor.name)
    given = _checked(heard, subject=subject, body=body, salutation=salutation, language=language or "en",
                     only_language=only_language, acknowledge=acknowledge, on_status=on_status,
                     status_word=status_word)  # fmt: skip
    made = _made(call, heard, template, None, given)
    call.record(made, outgoing=made.number)
    return made


def _public(call: Call[Incident]) -> Audience:
    known = Audience.objects.filter(incident=call.place, key=PUBLIC).first()
    return known or Audience.objects.create(
        incident=call.place, key=PUBLIC, title="Status page", kind=AudienceKind.PRESS, changed_at=call.now,
        changed_by=call.actor.name[:200],
    )  # fmt: skip


def _made(call: Call[Incident], audience: Audience, template: str, task: Task | None, given: dict[str, Any]) -> Message:
    made = Message.objects.create(
        incident=call.place, number=next_number(call.place.outgoing), audience=audience, template=template, task=task,
        author=call.actor.name[:200], author_id=call.actor.id, created_at=call.now, changed_at=call.now,
        editors=[] if call.actor.is_system else [call.actor.id], sequence=call.sequence, **given,
    )  # fmt: skip
    _keep(call, made)
    return made


def _keep(call: Call[Incident], message: Message) -> None:
    Draft.objects.create(message=message, number=next_number(message.drafts), salutation=message.salutation,
                         subject=message.subject, body=message.body, by=call.actor.name[:200], at=call.now)  # fmt: skip


def _checked(audience: Audience, **given: Any) -> dict[str, Any]:
    """The words and settings of a message. Raises Invalid naming the field."""
    given["subject"] = " ".join(words(given["subject"], "subject", "the subject").split())
    given["body"] = words(given["body"], "body", "the text").replace("\r\n", "\n").replace("\r", "\n")
    given["salutation"] = " ".join(given["salutation"].split())
    limits = {"subject": LONGEST_SUBJECT, "body": LONGEST, "salutation": 150, "language": 16}
    for name, most in limits.items():
        if len(given[name]) > most:
            raise Invalid(f"This holds {most:,} characters, yours has {len(given[name]):,}.", name)
    if any(name != "name" for name in PLACEHOLDER.findall(given["salutation"])):
        raise Invalid(NAME_ONLY, "salutation")
    if given["acknowledge"] and not audience.inside:
        raise Invalid("Only people of the house are asked to confirm that they have read it.", "acknowledge")
    if given["status_word"] and given["status_word"] not in set(StatusWord):
        raise Invalid(f"Mark the update as one of {', '.join(StatusWord)}.", "status_word")
    return given


@action("comms.open", system_only)
def open_drafts(call: Call[Incident], *, tasks: Sequence[Task]) -> list[Message]:
    """Open a draft for each communication step that begins, from the step's template, for the step's audience."""
    incident, made = fresh(call), []
    plan = incident.plan_version.plan
    for task in tasks:
        step = incident.step(task.step_id)
        planned = plan.messages.get(step.message or "") if step else None
        if step is None or planned is None:
            continue
        salutation, body = lifted(planned.body)
        key = step.audience or planned.audience or ""
        heard = audience_for(incident, key, call.now, call.actor.name)
        given = {"subject": planned.title, "body": body, "salutation": salutation, "language": planned.language}
        made.append(_made(call, heard, planned.id, task, given))
    call.record(incident, messages=[{"outgoing": m.number, "task": m.task.number if m.task else None} for m in made])
    return made


@action("comms.edit", TAKES_PART)
def edit_message(
    call: Call[Incident], *, message: Message, subject: str, body: str, salutation: str = "", language: str = "en",
    only_language: bool = False, acknowledge: bool = False, on_status: bool = False, status_word: str = "",
    revision: int | None = None,
) -> Message:  # fmt: skip
    """Rewrite a message that has not gone. Whatever was approved of it is void; it is a draft again.

    Raises Stale when somebody else changed it, Invalid when it has gone or the words do not fit.
    """
    fresh(call)
    message = seen_message(part_of(call.actor, call.place), message.number)
    if message.over:
        raise Invalid(f"M-{message.number} is {message.get_state_display().lower()}: it cannot be changed any more.")
    same_revision(message, revision)
    given = _checked(message.audience, subject=subject, body=body, salutation=salutation, language=language,
                     only_language=only_language, acknowledge=acknowledge, on_status=on_status,
                     status_word=status_word)  # fmt: skip
    for name, value in given.items():
        setattr(message, name, value)
    if not call.actor.is_system and call.actor.id not in message.editors:
        message.editors = [*message.editors, call.actor.id]
    message.state, message.changed_at = MessageState.DRAFT, call.now
    message.final_subject = message.final_text = message.sha256 = message.because = ""
    message.facts, message.outdated, message.accepted = {}, [], {}
    message.save()
    message.approvals.filter(void=False).update(void=True)
    _keep(call, message)
    call.record(message, outgoing=message.number, revision=message.revision)
    return message


@action("comms.withdraw", TAKES_PART)
def withdraw_message(call: Call[Incident], *, message: Message, because: str) -> Message:
    """Give a message up that has not gone. The reason stays with the message: it may say what nobody is to know yet."""
    fresh(call)
    part = part_of(call.actor, call.place)
    message = seen_message(part, message.number)
    if message.over:
        raise Invalid(f"M-{message.number} is {message.get_state_display().lower()}: it cannot be withdrawn.")
    if call.actor.id not in message.editors:
        needs_part(call.actor, call.place)
    message.because = words(because, "because", "the reason")
    message.state, message.changed_at = MessageState.WITHDRAWN, call.now
    message.revision += 1
    message.save()
    message.steps.filter(wave__state="planned").delete()
    call.record(message, outgoing=message.number)
    return message
