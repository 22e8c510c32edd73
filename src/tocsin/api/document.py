"""The API's description as OpenAPI 3.1: what every operation shares is declared here, once."""

from __future__ import annotations

from collections.abc import Sequence
from http import HTTPStatus
from typing import Any

from ninja.openapi.schema import OpenAPISchema
from ninja.operation import Operation

from tocsin.api.problems import Problem
from tocsin.api.scopes import OPENS, scope_of

PROBLEMS = {
    400: "What was sent cannot be read: it is no JSON.",
    401: "No token or session came with it, or one that has ended.",
    403: "You see it, but may not do this; or the token's scopes do not open it; or the CSRF token is missing.",
    404: "There is nothing here for you.",
    409: "Another request under the same Idempotency-Key is being answered.",
    412: "Somebody changed it since you saw it (If-Match).",
    413: "The body is larger than is taken.",
    422: "It does not fit: a field is wrong, or the state does not allow it (any more).",
    429: "Too many requests; Retry-After says when to go on.",
    503: "Tocsin is busy and did nothing; Retry-After says when to try again.",
    507: "The evidence store cannot take it.",
}
ALWAYS = (400, 422, 429, 503)
KNOWN_CALLER = (401, 403, 404)
WRITING = (409, 413)
REF = {"$ref": "#/components/schemas/Problem"}
KEY_PARAMETER = {
    "name": "Idempotency-Key",
    "in": "header",
    "required": False,
    "schema": {"type": "string", "minLength": 1, "maxLength": 255, "pattern": "^[!-~]([ -~]*[!-~])?$"},
    "description": "A name of your choice for this one request. Sent again with it, the first answer comes again.",
}
ETAG_PARAMETER = {
    "name": "If-None-Match",
    "in": "header",
    "required": False,
    "schema": {"type": "string", "maxLength": 1000},
    "description": "The ETag you have: 304 where nothing changed.",
}
ETAG = {"ETag": {"description": "The state that is shown.", "schema": {"type": "string"}}}
RETRY = {"Retry-After": {"description": "Seconds to wait.", "schema": {"type": "integer"}}}


class Document(OpenAPISchema):
    """The document that is served."""

    def get_paths(self) -> dict[str, Any]:
        """All operations; the shape of problems is put among the schemas."""
        self.add_schema_definitions({"Problem": Problem.model_json_schema(mode="serialization")})
        return dict(super().get_paths())

    def add_schema_definitions(self, definitions: dict[str, Any]) -> None:
        """Take schemas in. Two that share a name would silently describe each other's operations: the first stays,
        and the clash is kept for tests/api/test_api_door.py to fail on.
        """
        clashes: list[str] = self.__dict__.setdefault("clashes", [])
        clashes += [name for name, schema in definitions.items() if self.schemas.get(name, schema) != schema]
        super().add_schema_definitions({n: s for n, s in definitions.items() if n not in self.schemas})

    def operation_details(self, operation: Operation) -> dict[str, Any]:
        """One operation, with its scope, the headers that it takes, and every answer that it can give."""
        details: dict[str, Any] = super().operation_details(operation)
        writes = not set(operation.methods) <= {"GET", "HEAD"}
        first, _dot, rest = (operation.view_func.__doc__ or "").strip().partition("\n")
        details["summary"] = first.strip().rstrip(".")
        details["description"] = "\n\n".join(t for t in (first.strip(), rest.strip()) if t)
        extra = [KEY_PARAMETER] if writes else [] if _streams(details) else [ETAG_PARAMETER]
        details["parameters"] = [*details["parameters"], *extra]
        asked = operation.auth_callbacks
        if asked:
            scope = scope_of(operation.view_func, operation.methods)
            details["x-scopes"] = sorted(OPENS[scope])
        if not writes and not _streams(details):
            details["responses"][200].setdefault("headers", {}).update(ETAG)
            details["responses"][304] = {"description": "Nothing changed since the ETag that was sent."}
        for status in self._problems(details, writes=writes, known=bool(asked)):
            details["responses"].setdefault(status, _problem(status))
        details["responses"] = dict(sorted(details["responses"].items()))
        return details

    def _problems(self, details: dict[str, Any], *, writes: bool, known: bool) -> Sequence[int]:
        takes_files = "multipart/form-data" in details.get("requestBody", {}).get("content", {})
        edits = any(p["name"] == "If-Match" for p in details["parameters"])
        return [
            *ALWAYS,
            *(KNOWN_CALLER if known else (404,)),
            *(WRITING if writes else ()),
            *((412,) if edits else ()),
            *((507,) if takes_files else ()),
        ]


def _streams(details: dict[str, Any]) -> bool:
    """Whether what is answered is no JSON: then it has no ETag."""
    return "application/json" not in details["responses"].get(200, {}).get("content", {})


def _problem(status: int) -> dict[str, Any]:
    title = HTTPStatus(status).phrase
    answer: dict[str, Any] = {
        "description": f"{title}. {PROBLEMS[status]}",
        "content": {"application/problem+json": {"schema": REF}},
    }
    return answer | ({"headers": RETRY} if status in (429, 503) else {})
