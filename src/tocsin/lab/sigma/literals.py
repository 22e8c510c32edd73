"""The texts that a regular expression cannot match without.

Looks only at what stands outside of groups and classes and is not optional, and gives up where it is not
sure: a text that is missed costs time, one that is wrong would cost a detection.
"""

from __future__ import annotations

GIVE_UP = ("\\Q", "\\x", "\\p", "\\P", "\\0", "\\1", "\\C")
"""Escapes of RE2 that stand for more than the next character."""
OPTIONAL = "?*{"
PLAIN_ESCAPES = frozenset("\\.^$|?*+()[]{}/-\"'`:;,<>=!@#%&~_ ")


def required_texts(expression: str) -> list[str]:
    """Return texts that every match of an RE2 expression holds, in its order; none where that is not certain."""
    if any(escape in expression for escape in GIVE_UP):
        return []
    found: list[str] = []
    run = ""
    position = 0
    while position < len(expression):
        char = expression[position]
        literal = ""
        if char == "|":
            return []
        if char == "\\":
            following = expression[position + 1 : position + 2]
            literal = following if following in PLAIN_ESCAPES else ""
            position += 2
        elif char in "([":
            position = _end_of_group(expression, position) if char == "(" else _end_of_class(expression, position)
        elif char in ".^$+*?{}":
            position = (
                expression.find("}", position) + 1 if char == "{" and "}" in expression[position:] else position + 1
            )
        else:
            literal = char
            position += 1
        if literal and expression[position : position + 1] not in tuple(OPTIONAL):
            run += literal
            if expression[position : position + 1] == "+":
                found.append(run)
                run = ""
        else:
            found.append(run)
            run = ""
    return [text for text in (*found, run) if text]


def _end_of_class(expression: str, position: int) -> int:
    """Return where a character class ends that begins at a position."""
    position += 1
    if expression[position : position + 1] == "^":
        position += 1
    if expression[position : position + 1] == "]":
        position += 1
    while position < len(expression) and expression[position] != "]":
        position += 2 if expression[position] == "\\" else 1
        if expression[position - 1 : position + 1] == "[:":
            position = expression.find(":]", position) + 2
    return position + 1


def _end_of_group(expression: str, position: int) -> int:
    """Return where a group ends that begins at a position."""
    depth = 0
    while position < len(expression):
        char = expression[position]
        if char == "\\":
            position += 2
            continue
        if char == "[":
            position = _end_of_class(expression, position)
            continue
        depth += {"(": 1, ")": -1}.get(char, 0)
        position += 1
        if depth == 0:
            break
    return position
