"""The STIX 2.1 pattern language (STIX 2.1, part 9), as far as single values can be looked for.

The whole grammar is parsed: observations with AND, OR, FOLLOWEDBY and qualifiers, comparisons with all operators,
object paths with quoted steps and indexes. Linear in the length of the pattern; depth and length are limited.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass

from tocsin.lab.indicators import model
from tocsin.lab.indicators.importers.logic import MAX_DEPTH, Either, Node, Term, Together, Unusable

MAX_PATTERN = 1 << 20
"""Characters of a pattern."""
TOKEN = re.compile(
    r"""\s*(?:(?P<string>[tbh]?'(?:[^'\\]|\\.)*')|(?P<word>[A-Za-z_][\w-]*)|(?P<number>[+-]?\d+(?:\.\d+)?)"""
    r"""|(?P<sign>!=|<>|==|<=|>=|[=<>()\[\],:.*]))""",
    re.DOTALL,
)
OPERATORS = {"=", "==", "!=", "<>", "<", ">", "<=", ">=", "IN", "LIKE", "MATCHES", "ISSUBSET", "ISSUPERSET"}
HASHES = {
    "md5": model.MD5, "sha-1": model.SHA1, "sha1": model.SHA1, "sha-256": model.SHA256, "sha256": model.SHA256,
    "sha-512": model.SHA512, "sha512": model.SHA512, "ssdeep": model.SSDEEP, "imphash": model.IMPHASH,
}  # fmt: skip
ADDRESS = "address"
"""An address or a name, whichever the value is."""
KINDS = {
    "ipv4-addr:value": model.IP,
    "ipv6-addr:value": model.IP,
    "domain-name:value": model.DOMAIN,
    "domain-name:resolves_to_refs.value": ADDRESS,
    "url:value": model.URL,
    "email-addr:value": model.EMAIL,
    "email-message:from_ref.value": model.EMAIL,
    "email-message:sender_ref.value": model.EMAIL,
    "network-traffic:src_ref.value": ADDRESS,
    "network-traffic:dst_ref.value": ADDRESS,
    "network-traffic:extensions.http-request-ext.request_header.user-agent": model.USER_AGENT,
    "file:name": model.FILE_NAME,
    "file:parent_directory_ref.path": model.FILE_PATH,
    "directory:path": model.FILE_PATH,
    "file:extensions.windows-pebinary-ext.imphash": model.IMPHASH,
    "windows-registry-key:key": model.REGISTRY_KEY,
    "mutex:name": model.MUTEX,
    "user-account:user_id": model.ACCOUNT,
    "user-account:account_login": model.ACCOUNT,
    "process:command_line": model.COMMAND_LINE,
    "process:name": model.FILE_NAME,
    "process:image_ref.name": model.FILE_NAME,
    "process:binary_ref.name": model.FILE_NAME,
    "process:creator_user_ref.account_login": model.ACCOUNT,
    "process:extensions.windows-service-ext.service_name": model.SERVICE,
}
HASH_PATH = re.compile(r"[a-z-]+:(?:[a-z_]+_refs?\.)*hashes\.(.+)")


class PatternError(ValueError):
    """The text is no STIX pattern."""


@dataclass(frozen=True, slots=True)
class Token:
    """A piece of a pattern."""

    kind: str
    text: str


def parsed(pattern: str) -> Node:
    """Return the condition of a pattern. Raises PatternError (what, at which character) where it is none."""
    if len(pattern) > MAX_PATTERN:
        raise PatternError(f"the pattern is longer than {MAX_PATTERN} characters")
    return _Parser(pattern).pattern()


class _Parser:
    def __init__(self, pattern: str) -> None:
        self._text = pattern.rstrip()
        self._place = 0
        self._depth = 0
        self._token = self._read()

    def pattern(self) -> Node:
        node = self._observations()
        if self._token.kind != "end":
            raise self._error("the end of the pattern")
        return node

    def _observations(self) -> Node:
        return self._chain("FOLLOWEDBY", lambda: self._chain("OR", lambda: self._chain("AND", self._observation)))

    def _chain(self, word: str, part: Callable[[], Node]) -> Node:
        parts = [part()]
        while self._token == Token("word", word):
            self._next()
            parts.append(part())
        if len(parts) == 1:
            return parts[0]
        return Either(tuple(parts)) if word == "OR" else Together(tuple(parts))

    def _observation(self) -> Node:
        closing = self._open("[", "(")
        node = self._comparisons() if closing == "]" else self._observations()
        self._close(closing)
        return self._qualified(node)

    def _qualified(self, node: Node) -> Node:
        said = []
        while self._token.kind == "word" and self._token.text in ("WITHIN", "REPEATS", "START", "STOP"):
            begin = self._place - len(self._token.text)
            ahead = {"WITHIN": 2, "REPEATS": 2, "START": 3, "STOP": 1}[self._token.text]
            for _ in range(ahead):
                self._next()
                if self._token.kind == "end":
                    raise self._error("the rest of a qualifier")
            end = self._place
            self._next()
            said.append(Unusable(" ".join(self._text[begin:end].split()), "times and repetitions are not checked"))
        return Together((node, *said)) if said else node

    def _comparisons(self) -> Node:
        return self._chain("OR", lambda: self._chain("AND", self._comparison))

    def _comparison(self) -> Node:
        if self._token == Token("sign", "("):
            self._open("(")
            node = self._comparisons()
            self._close(")")
            return node
        begin = self._place - len(self._token.text)
        if self._token == Token("word", "EXISTS"):
            self._next()
            path = self._path()
            return Unusable(f"EXISTS {path}", "that a property exists is no value to look for")
        path = self._path()
        negated = self._skip("NOT")
        operator = self._token.text
        if operator not in OPERATORS:
            raise self._error("an operator")
        self._next()
        values = self._list() if operator == "IN" else [self._value()]
        said = " ".join(self._text[begin : self._last].split())[:300]
        return _terms(path, operator, values, negated, said)

    def _path(self) -> str:
        steps = [self._word("the type of an object")]
        self._sign(":")
        steps.append(self._step())
        while self._token.kind == "sign" and self._token.text in ".[":
            if self._token.text == ".":
                self._next()
                steps.append(self._step())
                continue
            self._next()
            self._next()
            self._sign("]")
        return f"{steps[0]}:{'.'.join(steps[1:])}"

    def _step(self) -> str:
        if self._token.kind == "string":
            return self._value()
        return self._word("a property")

    def _list(self) -> list[str]:
        self._sign("(")
        values = [self._value()]
        while self._token == Token("sign", ","):
            self._next()
            values.append(self._value())
        self._sign(")")
        return values

    def _value(self) -> str:
        token = self._token
        if token.kind not in ("string", "number") and token.text not in ("true", "false"):
            raise self._error("a value")
        self._next()
        if token.kind != "string":
            return token.text
        return re.sub(r"\\(.)", r"\1", token.text[token.text.index("'") + 1 : -1], flags=re.DOTALL)

    def _word(self, wanted: str) -> str:
        if self._token.kind != "word":
            raise self._error(wanted)
        text = self._token.text
        self._next()
        return text

    def _skip(self, word: str) -> bool:
        there = self._token == Token("word", word)
        if there:
            self._next()
        return there

    def _open(self, *signs: str) -> str:
        if self._token.kind != "sign" or self._token.text not in signs:
            raise self._error(" or ".join(signs))
        self._depth += 1
        if self._depth > MAX_DEPTH:
            raise PatternError(f"the pattern is nested more than {MAX_DEPTH} deep")
        closing = {"[": "]", "(": ")"}[self._token.text]
        self._next()
        return closing

    def _close(self, sign: str) -> None:
        self._sign(sign)
        self._depth -= 1

    def _sign(self, sign: str) -> None:
        if self._token != Token("sign", sign):
            raise self._error(sign)
        self._next()

    def _next(self) -> None:
        self._last = self._place
        self._token = self._read()

    def _read(self) -> Token:
        if self._place >= len(self._text):
            return Token("end", "")
        found = TOKEN.match(self._text, self._place)
        if not found:
            raise PatternError(f"character {self._place + 1}: {self._text[self._place :][:20]!r} is not understood")
        self._place = found.end()
        kind = found.lastgroup or ""
        return Token(kind, found[kind])

    def _error(self, wanted: str) -> PatternError:
        there = repr(self._token.text) if self._token.text else "the end"
        return PatternError(f"character {self._place}: {wanted} expected, {there} found")


def _terms(path: str, operator: str, values: list[str], negated: bool, said: str) -> Node:
    """Return the values of a comparison."""
    hashed = HASH_PATH.fullmatch(path)
    kind = HASHES.get(hashed[1].lower()) if hashed else KINDS.get(path.lower())
    if kind is None:
        return Unusable(said, f"{path[:100]} is nothing that is looked for")
    if negated or operator in ("!=", "<>"):
        return Unusable(said, "the absence of a value cannot be looked for")
    if operator in ("<", ">", "<=", ">=", "ISSUPERSET"):
        return Unusable(said, f"{operator} cannot be looked for")
    if operator == "ISSUBSET" and kind not in (model.IP, ADDRESS):
        return Unusable(said, "ISSUBSET is for addresses only")
    terms = tuple(_term(kind, operator, value, said) for value in values)
    return terms[0] if len(terms) == 1 else Either(terms)


def _term(kind: str, operator: str, value: str, said: str) -> Term:
    if kind == ADDRESS:
        kind = model.IP if re.match(r"[0-9.]+(?:/\d+)?$|[^:]*:[^:]*:", value) else model.DOMAIN
    if operator == "MATCHES":
        return Term(kind, value, model.REGEX, said)
    if operator == "LIKE" and re.search(r"[%_]", value):
        if "*" in value or "?" in value:
            shown = "".join({"%": ".*", "_": "."}.get(char) or re.escape(char) for char in value)
            return Term(kind, rf"\A{shown}\z", model.REGEX, said)
        return Term(kind, value.replace("%", "*").replace("_", "?"), model.WILDCARD, said)
    return Term(kind, value, model.LITERAL, said)
