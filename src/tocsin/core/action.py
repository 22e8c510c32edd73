"""What makes a function an action: permission, one transaction, exactly one log entry, then the reactions."""

from __future__ import annotations

from collections.abc import Callable
from contextvars import ContextVar
from dataclasses import dataclass, field
from datetime import datetime
from functools import wraps
from typing import Any, Concatenate, Generic, ParamSpec, Protocol, TypeVar

from django.db import models, transaction

from tocsin.core import clock, log
from tocsin.core.access import Actor, Policy, check
from tocsin.core.canonical import storable_in
from tocsin.core.models import Chain, LogEntry


class Place(Protocol):
    """Where an action happens: an organization or an incident. It knows its chain."""

    @property
    def chain_id(self) -> Any:  # a UUID; Django's types say it in several ways
        """The chain that the action is logged on."""


W = TypeVar("W", bound=Place)
P = ParamSpec("P")
R = TypeVar("R")


class Invalid(Exception):
    """What was asked does not fit the state: the message says what is wrong and what to do."""

    def __init__(self, message: str, field: str = "") -> None:
        super().__init__(message)
        self.field = field


class Stale(Invalid):
    """The thing is not any more what the caller saw when the change was made for it."""


class ActionDefect(AssertionError):
    """The action itself is wrong: it logged nothing, or twice."""


@dataclass
class Call(Generic[W]):
    """One call of an action: who, where, when, and the one entry that it leaves."""

    actor: Actor
    place: W
    chain: Chain
    real_time: datetime
    verb: str = ""
    sealed: bool = False
    _entry: tuple[tuple[str, str], dict[str, Any]] | None = field(default=None, repr=False)

    @property
    def now(self) -> datetime:
        """The instant of the call on the place's clock."""
        return self.chain.time(self.real_time)

    @property
    def sequence(self) -> int:
        """The sequence number that this call's entry gets."""
        return self.chain.length + 1

    def record(self, thing: models.Model | tuple[str, str], **payload: Any) -> None:
        """Say what the log entry says: the object it is about and what happened to it. Once a call."""
        if self._entry is not None:
            raise ActionDefect("an action records exactly one entry; this one records a second")
        if isinstance(thing, models.Model):
            thing = (thing._meta.model_name or "", str(thing.pk))
        self._entry = (thing, payload)

    def seal(self, commitment: str) -> None:
        """Instead of `record`: the log says only that something happened, and is bound to what by a hash of it.

        Neither verb nor actor nor object stand in the entry, and no reaction runs; the action keeps what it sealed.
        """
        self.record(("sealed", ""), seal=commitment)
        self.sealed = True


SEALED, SEALED_ACTOR = "privilege.entry", {"kind": "sealed", "id": "", "name": "Privileged"}
"""The verb of every entry whose content is sealed, and whom it names instead of the one who acted."""
Reaction = Callable[[LogEntry], None]
Guard = Callable[["Call[Any]", str], None]
GUARDS: list[Guard] = []
"""What rooms refuse whatever the action and the role: asked with the call and its verb; they raise Invalid."""
ACTIONS: dict[str, Callable[..., Any]] = {}
REACTIONS: dict[str, list[Reaction]] = {}
_depth: ContextVar[int] = ContextVar("reaction_depth", default=0)
inside: ContextVar[bool] = ContextVar("inside_action", default=False)
_in_body: ContextVar[str] = ContextVar("in_body", default="")
opening: ContextVar[Callable[[], None] | None] = ContextVar("opening", default=None)
"""What a door wants to have begun before an action's transaction: one around it, that also holds what it keeps."""
DEEPEST = 12


def action(
    verb: str, may: Policy
) -> Callable[[Callable[Concatenate[Call[W], P], R]], Callable[Concatenate[Actor, W, P], R]]:
    """Register a function as the action `verb` under the policy `may`.

    The caller writes `do(actor, place, …)`; the body gets a Call. Raises Hidden, Forbidden or Invalid; then nothing
    was written. Reactions to the verb run before the transaction ends, so they hold or fall with it.
    """

    def register(body: Callable[Concatenate[Call[W], P], R]) -> Callable[Concatenate[Actor, W, P], R]:
        @wraps(body)
        def do(actor: Actor, place: W, /, *args: P.args, **kwargs: P.kwargs) -> R:
            if _in_body.get():
                raise ActionDefect(f"{_in_body.get()} calls {verb} in its body; let a reaction to its entry do that")
            if begin := opening.get():
                begin()
            token = inside.set(True)
            try:
                with transaction.atomic():
                    # The lock on the chain puts writers in one line: sequence numbers have no gaps and no twins.
                    chain = Chain.objects.select_for_update().filter(pk=place.chain_id).first()
                    if chain is None:
                        raise ActionDefect(f"{verb}: {place!r} has no chain")
                    check(actor, chain, may, verb)
                    call = Call(actor, place, chain, clock.now(), verb)
                    for guard in GUARDS:
                        guard(call, verb)
                    _check_times(kwargs)
                    # Texts may come from an attacker's file: here they become what every database can hold.
                    result = _run(verb, body, call, *storable_in(args), **storable_in(kwargs))
                    if call._entry is None:
                        raise ActionDefect(f"{verb} wrote no log entry")
                    thing, payload = call._entry
                    entry = log.append(
                        chain,
                        time=call.real_time,
                        actor=SEALED_ACTOR if call.sealed else {"kind": actor.kind, "id": actor.id, "name": actor.name},
                        verb=SEALED if call.sealed else verb,
                        thing=thing,
                        payload=payload,
                        cause=None if call.sealed else actor.cause,
                    )
                    _react(entry)
                    return result
            finally:
                inside.reset(token)

        if verb in ACTIONS:
            raise ActionDefect(f"two actions are called {verb}")
        do.verb, do.policy = verb, may  # type: ignore[attr-defined]
        ACTIONS[verb] = do
        return do

    return register


def _check_times(arguments: dict[str, Any]) -> None:
    for name, value in arguments.items():
        if isinstance(value, datetime):
            try:
                clock.sane(value)
            except ValueError as error:
                raise Invalid(f"{str(error)[:1].upper()}{str(error)[1:]}.", name) from error


def _run(verb: str, body: Callable[..., R], call: Call[Any], /, *args: Any, **kwargs: Any) -> R:
    token = _in_body.set(verb)
    try:
        return body(call, *args, **kwargs)
    finally:
        _in_body.reset(token)


def on(*verbs: str) -> Callable[[Reaction], Reaction]:
    """Declare a reaction: call the function with every entry of these verbs, in the same transaction."""

    def register(react: Reaction) -> Reaction:
        for verb in verbs:
            REACTIONS.setdefault(verb, []).append(react)
        return react

    return register


def _react(entry: LogEntry) -> None:
    reactions = REACTIONS.get(entry.verb, ())
    if not reactions:
        return
    if _depth.get() >= DEEPEST:
        raise ActionDefect(f"reactions to {entry.verb} run in a circle")
    token = _depth.set(_depth.get() + 1)
    try:
        for react in reactions:
            react(entry)
    finally:
        _depth.reset(token)
