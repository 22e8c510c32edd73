"""A query's tree as a condition in SQL for DuckDB. Values are always parameters; column names come from our own
tables, or are made by `own_column`, which lets nothing through that was written by others."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from tocsin.lab.lake.columns import BY_NAME, KEYS, address_key, own_column
from tocsin.lab.lake.grams import pieces_of
from tocsin.lab.lake.tree import (
    And,
    Between,
    Common,
    Everything,
    Exists,
    Match,
    Node,
    Not,
    Or,
    Own,
    Pattern,
    When,
    Wild,
    Within,
    Word,
)

WHOLE_NUMBER = "-?[0-9]{1,18}"


@dataclass
class Condition:
    """A condition: SQL with named parameters, and the columns that it names: common ones, own fields' ones, and `w0`,
    `w1` ... for the words that it asks for, which the parts of the lake each find in their own way."""

    sql: str = "true"
    parameters: dict[str, Any] = field(default_factory=dict)
    columns: set[str] = field(default_factory=set)
    own: set[str] = field(default_factory=set)
    words: dict[str, AskedWord] = field(default_factory=dict)

    def parameter(self, value: Any) -> str:
        """Return the SQL for one more parameter."""
        name = f"p{len(self.parameters)}"
        self.parameters[name] = value
        return f"${name}"


@dataclass(frozen=True)
class AskedWord:
    """What is looked for in events: the pattern, the condition for a column to hold it (with `{}` for the column), and
    the pieces that a text with it must have."""

    pattern: Pattern
    condition: str
    pieces: tuple[int, ...]


def condition_of(node: Node) -> Condition:
    """Return the condition that holds for exactly the events that a tree asks for."""
    condition = Condition()
    condition.sql = _sql(node, condition, False)
    return condition


def column_sql(name: str) -> str:
    """Return the SQL name of a common column or an own field's column."""
    return f'"{name}"'


def _sql(node: Node, into: Condition, within_not: bool) -> str:
    if isinstance(node, And | Or):
        word = " and " if isinstance(node, And) else " or "
        return "(" + word.join(_sql(part, into, within_not) for part in node.parts) + ")"
    if isinstance(node, Not):
        return f"(not {_sql(node.part, into, True)})"
    if isinstance(node, Everything):
        return "true"
    leaf = _leaf(node, into)
    # A comparison with an absent field is null, and `not null` would lose the event.
    return f"coalesce({leaf}, false)" if within_not else leaf


def _leaf(node: Word | Match | Exists | Between | When | Within, into: Condition) -> str:
    if isinstance(node, Word):
        return _word(node.pattern, into)
    if isinstance(node, When):
        return _range(_named("time", into), node.start, node.end, into, "<")
    if isinstance(node, Within):
        first, last = (into.parameter(address_key(node.network[place])) for place in (0, -1))
        return f"({_named(KEYS[node.column], into)} between {first} and {last})"
    name = _column(node.field, into)
    if isinstance(node, Exists):
        return f"({name} is not null)"
    kind = BY_NAME[node.field.name].kind if isinstance(node.field, Common) else "text"
    if isinstance(node, Between):
        if kind not in ("number", "decimal"):
            # try_cast alone also takes 1e3 and 0x10; the costly look at the text comes last, for the few that are left.
            numbers = _range(f"try_cast({name} as bigint)", node.low, node.high, into, "<=")
            return f"({numbers} and regexp_full_match({name}, '{WHOLE_NUMBER}'))"
        return _range(name, node.low, node.high, into, "<=")
    if kind in ("number", "decimal"):
        return _like(f"cast({name} as varchar)", node.pattern, into)
    folded = isinstance(node.field, Common) and BY_NAME[node.field.name].folded
    return _like(name if folded else f"lower({name})", node.pattern, into)


def _column(target: Common | Own, into: Condition) -> str:
    if isinstance(target, Common):
        return _named(target.name, into)
    name = own_column(target.name)
    into.own.add(name)
    return column_sql(name)


def _word(pattern: Pattern, into: Condition) -> str:
    if not pattern.pieces or pattern.is_anything:
        return "true"
    name = next((name for name, word in into.words.items() if word.pattern == pattern), None)
    if name is None:
        name = f"w{len(into.words)}"
        pieces = {piece for text in pattern.pieces if isinstance(text, str) for piece in pieces_of(text)}
        condition = _like("{}", Pattern.of([Wild.ANY, *pattern.pieces, Wild.ANY]), into)
        into.words[name] = AskedWord(pattern, condition, tuple(sorted(pieces)))
    return column_sql(name)


def word_sql(word: AskedWord, columns: tuple[str, ...]) -> str:
    """Return the condition that a word is in any of some columns; in none it is nowhere."""
    found = " or ".join(word.condition.format(f"lower({column_sql(name)})") for name in columns)
    return f"coalesce({found}, false)" if found else "false"


def _named(name: str, into: Condition) -> str:
    into.columns.add(name)
    return column_sql(name)


def _range(name: str, low: Any, high: Any, into: Condition, up_to: str) -> str:
    parts: list[str] = []
    for sign, bound in ((">=", low), (up_to, high)):
        if bound is not None:
            parts.append(f"{name} {sign} {into.parameter(bound)}")
    return "(" + (" and ".join(parts) or f"{name} is not null") + ")"


def _like(name: str, pattern: Pattern, into: Condition) -> str:
    """Return the comparison of a lower-case text with a pattern, by the cheapest function that does it."""
    if pattern.literal is not None:
        return f"({name} = {into.parameter(pattern.literal)})"
    pieces = pattern.pieces
    texts = [piece for piece in pieces if isinstance(piece, str)]
    if Wild.ONE not in pieces and len(texts) == 1:
        function = {3: "contains", 2: "suffix" if pieces[0] is Wild.ANY else "starts_with"}[len(pieces)]
        return f"{function}({name}, {into.parameter(texts[0])})"
    if pattern.is_anything:
        return f"({name} is not null)"
    like = into.parameter("".join(_like_piece(piece) for piece in pieces))
    return f"({name} like {like} escape '!')"


def _like_piece(piece: str | Wild) -> str:
    if isinstance(piece, Wild):
        return "%" if piece is Wild.ANY else "_"
    return piece.replace("!", "!!").replace("%", "!%").replace("_", "!_")
