"""What every request passes: scope and rate, a repeated request answered as the first time, ETags of what is shown."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from contextlib import ExitStack
from functools import wraps
from typing import Any

from django.core.cache import caches
from django.core.files.uploadedfile import UploadedFile
from django.db import IntegrityError, transaction
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from ninja.operation import Operation
from ninja.throttling import BaseThrottle

from tocsin.api.asking import asker_of, person_of
from tocsin.api.problems import Taken, answer_to, problem
from tocsin.api.scopes import scope_of
from tocsin.core import clock
from tocsin.core.action import opening
from tocsin.people import bookkeeping
from tocsin.people.models import IdempotencyKey
from tocsin.people.sealing import Sealed

WRITES = {"POST", "PUT", "PATCH", "DELETE"}
A_MINUTE = 1200
"""Requests of one token, or one person's pages, in each process that serves."""
LONGEST_KEY = 255
KEPT_HEADERS = ("Content-Type", "ETag", "Location")
Run = Callable[..., HttpResponseBase]


class Rate(BaseThrottle):
    """So many requests a minute of one token or person."""

    def allow_request(self, request: HttpRequest) -> bool:
        """Count the request; False when the minute's number is reached."""
        token = getattr(request, "token", None)
        who = token.pk if token is not None else str(asker_of(request).pk)
        key = f"api-rate-{who}-{int(clock.now().timestamp()) // 60}"
        counted = caches["local"]
        counted.add(key, 0, timeout=60)
        try:
            return bool(counted.incr(key) <= A_MINUTE)
        except ValueError:  # the minute ended between the two
            return True

    def wait(self) -> float:
        """Seconds until the next minute begins."""
        return 60 - clock.now().timestamp() % 60


def passes(run: Run) -> Run:
    """An operation behind the door: each write may bring an Idempotency-Key, each reading an If-None-Match."""

    operation: Operation = run.__self__  # type: ignore[attr-defined]  # ninja hands over the operation's own method
    scope = scope_of(operation.view_func, operation.methods)

    @wraps(run)
    def through(request: HttpRequest, **given: Any) -> HttpResponseBase:
        request.asks_for = scope  # type: ignore[attr-defined]  # a token is asked for it where it is read
        if request.method in WRITES and "Idempotency-Key" in request.headers and operation.auth_callbacks:
            try:
                return _once(run, request, given)
            except Exception as error:  # noqa: BLE001  what is raised around the operation is told as inside it
                return answer_to(request, error)
        answer = run(request, **given)
        if request.method == "GET" and answer.status_code == 200:
            return _unless_known(request, answer)
        return answer

    return through


def _unless_known(request: HttpRequest, answer: HttpResponseBase) -> HttpResponseBase:
    tag, known = answer.headers.get("ETag"), request.headers.get("If-None-Match", "")
    if not tag or tag not in (one.strip().removeprefix("W/") for one in known.split(",")):
        return answer
    return HttpResponse(status=304, headers={"ETag": tag})


def _once(run: Run, request: HttpRequest, given: dict[str, Any]) -> HttpResponseBase:
    """Carry a request out unless it was carried out under its key before; then give the first answer again.

    The transaction begins with the first action, not with the request: an upload that takes minutes to read holds
    nothing up. What is answered is stored in the transaction that the actions are in, so both are there or neither.
    An answer that refuses is not kept: nothing was done, so the same request may be tried again.
    """
    user, key = person_of(request), request.headers["Idempotency-Key"].strip()
    if user is None:
        return run(request, **given)  # it answers 401
    if not key or len(key) > LONGEST_KEY or not key.isascii() or not key.isprintable():
        return problem(422, f"An Idempotency-Key is 1 to {LONGEST_KEY} printable characters.", field="Idempotency-Key")
    asked = _fingerprint(request)
    if known := bookkeeping.kept_answer(user, key):
        return _again(known, asked)
    with ExitStack() as held:
        held_by: list[IdempotencyKey] = []
        taken = False

        def begin() -> None:
            nonlocal taken
            if held_by:
                return
            held.enter_context(transaction.atomic())
            bookkeeping.forget_expired(user, key)
            try:
                held_by.append(bookkeeping.begin(user, key, asked))
            except IntegrityError as error:
                taken = True
                raise Taken from error

        token = opening.set(begin)
        try:
            answer = run(request, **given)
        finally:
            opening.reset(token)
        if held_by:
            answer = _stored(held_by[0], answer)
        elif taken:
            transaction.set_rollback(True)
    if taken and (known := bookkeeping.kept_answer(user, key)):
        return _again(known, asked)
    return answer


def _stored(row: IdempotencyKey, answer: HttpResponseBase) -> HttpResponseBase:
    if answer.status_code >= 400:
        transaction.set_rollback(True)
        return answer
    if not isinstance(answer, HttpResponse):
        transaction.set_rollback(True)
        answer.close()
        return problem(422, "What is answered here is a file, which is not kept; send this without Idempotency-Key.",
                       field="Idempotency-Key")  # fmt: skip
    headers = {name: answer.headers[name] for name in KEPT_HEADERS if name in answer.headers}
    bookkeeping.keep_answer(row, answer.status_code, headers, answer.content.decode())
    return answer


def _again(known: IdempotencyKey, asked: str) -> HttpResponse:
    if known.request != asked:
        return problem(
            422, "This Idempotency-Key was used for another request; take a new one for each.", field="Idempotency-Key"
        )
    try:
        body = bookkeeping.kept_body(known)
    except Sealed:
        return problem(409, "This was done before, but its answer cannot be read any more: look at what is there.")
    return HttpResponse(body, status=known.status, headers=known.headers | {"Idempotent-Replayed": "true"})


def _fingerprint(request: HttpRequest) -> str:
    """SHA-256 over what is asked: method, address, and the body; of a form the fields and files that it holds."""
    found = hashlib.sha256(f"{request.method} {request.get_full_path()}\n".encode())
    if request.content_type != "multipart/form-data":
        found.update(request.body)
        return found.hexdigest()
    for name in sorted(request.POST):
        found.update(f"{name}={request.POST.getlist(name)!r}\n".encode())
    for name in sorted(request.FILES):
        for file in request.FILES.getlist(name):
            found.update(f"{name}: {getattr(file, 'name', '')!r} {_digest(file)}\n".encode())
    return found.hexdigest()


def _digest(file: UploadedFile[Any]) -> str:
    found = hashlib.sha256()
    for chunk in file.chunks():
        found.update(chunk)
    file.seek(0)
    return found.hexdigest()
