"""How the API is asked: the token, pages, ETags, errors as exceptions, and trying again without doing it twice."""

from __future__ import annotations

import time
import uuid
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Any, TypeVar
from urllib.parse import quote

import httpx
from pydantic import BaseModel, ConfigDict, PrivateAttr, TypeAdapter

T = TypeVar("T")
AGAIN = {409, 429, 502, 503, 504}
"""Answers after which the same request may be sent again."""
PAUSES = (0.5, 1.0, 2.0, 4.0)


class Answer(BaseModel):
    """What the API answers; what a newer server adds is left out. Knows the state (ETag) that it shows."""

    model_config = ConfigDict(extra="ignore")
    _etag: str | None = PrivateAttr(None)

    @property
    def etag(self) -> str | None:
        """The state that this shows, to be sent with a change (`seen=`)."""
        return self._etag


Seen = Answer | str | None
"""The thing as one saw it, or its ETag: a change on top of somebody else's raises Stale."""


class Problem(Exception):
    """The API refused: `status`, `title`, `detail` that says what to do, the `field` at fault, all `errors`."""

    def __init__(self, status: int, said: Mapping[str, Any]) -> None:
        self.status = status
        self.title = str(said.get("title", ""))
        self.detail = str(said.get("detail", ""))
        self.field = str(said.get("field", ""))
        errors = said.get("errors", ())
        self.errors = [str(e) for e in errors] if isinstance(errors, list) else []
        super().__init__(f"{status} {self.title}: {self.detail}")


class NotAllowed(Problem):
    """401 or 403: the token has ended or is not for this, or its person may not do it."""


class NotFound(Problem):
    """404: there is nothing here for this token's person."""


class Conflict(Problem):
    """409: another request under this Idempotency-Key is being answered."""


class Stale(Problem):
    """412: somebody changed it since it was seen; look again, then repeat the change."""


class Unreachable(Exception):
    """No answer came, however often it was tried."""


KINDS: dict[int, type[Problem]] = {401: NotAllowed, 403: NotAllowed, 404: NotFound, 409: Conflict, 412: Stale}


class Caller:
    """Asks one server with one token. Use as a context manager, or call `close`."""

    def __init__(
        self, url: str, token: str, *, timeout: float = 30, transport: httpx.BaseTransport | None = None
    ) -> None:
        headers = {"Authorization": f"Bearer {token}", "Accept": "application/json", "User-Agent": "tocsin-client"}
        self._http = httpx.Client(
            base_url=url.rstrip("/") + "/api/v1", headers=headers, timeout=timeout, transport=transport
        )

    def close(self) -> None:
        """Close the connections."""
        self._http.close()

    def __enter__(self) -> Any:
        return self

    def __exit__(self, *_failed: object) -> None:
        self.close()

    @staticmethod
    def _part(value: object) -> str:
        """A value as one part of an address. Raises ValueError for one that would lead to another address."""
        text = str(value)
        if not text.strip("."):  # "..", and nothing at all
            raise ValueError(f"{text!r} names nothing: an id, a number or a name is asked for.")
        return quote(text, safe="")

    def _ask(
        self,
        method: str,
        path: str,
        kind: Any,
        *,
        query: Mapping[str, Any] | None = None,
        body: Any = None,
        always: Sequence[str] = (),
        form: Mapping[str, Any] | None = None,
        files: Mapping[str, Any] | None = None,
        seen: Seen = None,
        idempotency_key: str | None = None,
    ) -> Any:
        """One request and its answer as `kind`. Raises Problem or Unreachable."""
        headers = {}
        if method != "GET":
            headers["Idempotency-Key"] = idempotency_key or str(uuid.uuid4())
        if tag := seen.etag if isinstance(seen, Answer) else seen:
            headers["If-Match"] = tag
        if isinstance(body, Mapping):
            body = _plain({name: value for name, value in body.items() if value is not None or name in always})
        with ExitStack() as opened:
            parts = [(name, (p.name, opened.enter_context(p.open("rb")))) for name, p in _paths(files or {})]
            more: dict[str, Any] = {"data": _given(form or {}), "files": parts} if parts else {}
            if method != "GET" and not parts and body is not None:
                more["json"] = body
            answer = self._sent(method, path, params=_given(query or {}), headers=headers, **more)
        return _read(answer, kind)

    def _sent(self, method: str, path: str, **given: Any) -> httpx.Response:
        """Send, and send again where nothing came back or the server is busy: the key keeps it from being done twice."""
        failed: Exception | None = None
        for pause in (*PAUSES, None):
            for _name, (_file, handle) in given.get("files", ()):
                handle.seek(0)
            try:
                answer = self._http.request(method, path, **given)
            except httpx.TransportError as error:
                failed = error
            else:
                if answer.status_code not in AGAIN or pause is None:
                    return answer
                after = answer.headers.get("Retry-After", "")
                pause = max(pause, float(after)) if after.isascii() and after.isdigit() else pause  # noqa: PLW2901
            if pause is not None:
                time.sleep(min(pause, 60))
        raise Unreachable(f"{self._http.base_url.host} gave no answer: {failed}") from failed

    def _pages(self, method: str, path: str, kind: Any, *, query: Mapping[str, Any] | None = None) -> Iterator[Any]:
        """All things of a list, a page at a time."""
        cursor: str | None = ""
        while cursor is not None:
            asked = dict(query or {}) | ({"cursor": cursor} if cursor else {})
            page = self._ask(method, path, dict[str, Any], query=asked | {"limit": 200})
            yield from TypeAdapter(list[kind]).validate_python(page["items"])
            cursor = page["next"]


def _read(answer: httpx.Response, kind: Any) -> Any:
    if answer.status_code >= 300:  # no redirect is followed: the token is for the server that was named
        raise KINDS.get(answer.status_code, Problem)(answer.status_code, _said(answer))
    if kind is None or kind is bytes:
        return answer.content if kind is bytes else None
    read = TypeAdapter(kind).validate_json(answer.content)
    if isinstance(read, Answer):
        read._etag = answer.headers.get("ETag")
    return read


def _said(answer: httpx.Response) -> Mapping[str, Any]:
    """What a refusal says; a proxy in between may answer in any form."""
    try:
        said = answer.json()
    except (ValueError, RecursionError):
        said = None
    return said if isinstance(said, dict) else {"detail": answer.text[:500]}


def _plain(value: Any) -> Any:
    return TypeAdapter(Any).dump_python(value, mode="json")


def _given(values: Mapping[str, Any]) -> dict[str, Any]:
    return {name: _plain(value) for name, value in values.items() if value is not None}


def _paths(files: Mapping[str, Any]) -> list[tuple[str, Path]]:
    return [
        (name, Path(one))
        for name, given in files.items()
        for one in ([given] if isinstance(given, str | Path) else given or ())
    ]
