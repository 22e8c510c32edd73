"""What may be asked about notes: the notebook, who is mentioned, what references lead to, what is unread."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from django.db.models import Q, QuerySet
from django.urls import NoReverseMatch, reverse

from tocsin.core.access import visible
from tocsin.core.models import LogEntry
from tocsin.incidents.models import Decision, Finding, Incident, Mention, Note, Remediation, ScopeEntry, Task
from tocsin.incidents.notes import Link, references
from tocsin.incidents.queries.privilege import privy_to
from tocsin.people.models import Member, User


@dataclass(frozen=True)
class Mentioned:
    """Somebody whom a text mentions: the word, the person's name, and their accounts on the incident.

    `account` is the account of somebody who is not on the incident, if they have one: a lead could let them in.
    """

    word: str
    name: str
    users: list[User] = field(default_factory=list)
    account: User | None = None


def on_it(incident: Incident) -> list[User]:
    """The accounts on the incident, by name. One query."""
    return list(User.objects.filter(grants__chain_id=incident.pk, is_active=True).distinct().order_by("name"))


def who_is(incident: Incident, words: Iterable[str]) -> list[Mentioned]:
    """The people that these words mean: a member's key or name, the name of somebody on the incident, or the first
    name if only one person there has it. Words that mean nobody are left out. Two queries.
    """
    wanted = list(words)
    if not wanted:
        return []
    here = on_it(incident)
    members = list(Member.objects.filter(organization=incident.organization_id, active=True).select_related("user"))
    found = []
    for word in wanted:
        said = word.casefold()
        meant = [m for m in members if said in (m.key.casefold(), m.name.casefold())]
        accounts = {m.user_id for m in meant if m.user_id}
        users = [u for u in here if u.pk in accounts or u.name.casefold() == said]
        if not users and not meant:
            first = [u for u in here if u.name.casefold().split(" ")[0] == said]
            users = first if len(first) == 1 else []
        if users or meant:
            name = str(users[0]) if users else meant[0].name
            outside = next((m.user for m in meant if m.user and m.user.is_active), None) if not users else None
            found.append(Mentioned(word, name, users, outside))
    return found


def mentions_of(user: User) -> QuerySet[Mention]:
    """Where this person is mentioned and has not said that they saw it, oldest first; only where they are now."""
    unread = Mention.objects.filter(user=user, seen_at=None, note__archived_at=None)
    if unread.filter(note__privileged=True).exists():  # seldom: every page asks this
        unread = unread.filter(Q(note__privileged=False) | Q(note__incident__in=privy_to(user.actor)))
    return visible(user.actor, unread.select_related("note__incident"), chain="note__incident")


def notebook(incident: Incident, *, archived: bool = False) -> QuerySet[Note]:
    """The notes of an incident without their texts, last changed first; those put away with `archived`."""
    rows = incident.notes.filter(archived_at__isnull=not archived)
    return rows.order_by("-changed_at", "-number").defer("text")


def links_of(incident: Incident, text: str) -> dict[str, Link]:
    """Where the references in a text lead. Things of this incident only: nobody learns of another's. A query a kind."""
    wanted = references(text)
    found: dict[str, Link] = {}
    kinds = (
        ("T", Task, "title", "task"),
        ("D", Decision, "question", "decision"),
        ("S", ScopeEntry, "name", "scope-entry"),
        ("N", Note, "title", "notebook-note"),
        ("F", Finding, "claim", "investigation"),
        ("R", Remediation, "action", "remediation"),
    )
    for letter, model, words, page in kinds:
        if numbers := wanted.get(letter):
            rows = model._default_manager.filter(incident=incident, number__in=numbers).values_list("number", words)
            for number, title in rows:
                found[f"{letter}-{number}"] = Link(_address(page, incident, letter, number), str(title)[:120])
    if numbers := wanted.get("L"):
        entries = LogEntry.objects.filter(chain_id=incident.pk, sequence__in=numbers)
        for sequence in entries.values_list("sequence", flat=True):
            found[f"L-{sequence}"] = Link(reverse("log-entry", args=[incident.number, sequence]))
    return found | _from_above(incident, wanted)


def _address(page: str, incident: Incident, letter: str, number: int) -> str:
    if letter in "FR":
        return reverse(page, args=[incident.number]) + f"#{letter}-{number}"
    return reverse(page, args=[incident.number, number])


def _from_above(incident: Incident, wanted: dict[str, set[int]]) -> dict[str, Link]:
    """Evidence and alerts are kept by rooms above this one: of them only the addresses are known here."""
    found = {f"E-{n}": Link(reverse("evidence", args=[incident.number]) + f"#E-{n:02d}") for n in wanted.get("E", ())}
    for number in wanted.get("A", ()):
        try:
            found[f"A-{number}"] = Link(reverse("alert", args=[number]))
        except NoReverseMatch:
            break
    return found
