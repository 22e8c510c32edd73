"""What an answer that comes from outside may hold: the reply code of a Comcheck."""

from __future__ import annotations

from tocsin.core.access import Actor
from tocsin.core.action import Invalid
from tocsin.people.actions import answer_comcheck
from tocsin.people.comcheck import ask_by_code


def answered_by_code(text: str) -> bool:
    """Take an answer that holds a Comcheck's reply code; False when there is none in it. The first answer stands."""
    ask = ask_by_code(text)
    if ask is None:
        return False
    if ask.answered_at is None:
        try:
            answer_comcheck(Actor.system("Comcheck"), ask.comcheck.organization, ask=ask, how="code")
        except Invalid:  # the round was deleted in this second
            return False
    return True
