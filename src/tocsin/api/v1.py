"""The API, version 1: keys or sessions in front, problems for errors, one router for each subject."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.urls import URLPattern, URLResolver, re_path
from django.views.decorators.csrf import csrf_exempt
from ninja import NinjaAPI
from ninja.operation import Operation

from tocsin import __version__
from tocsin.api import (
    alerts,
    answers,
    calling,
    comms,
    comms_public,
    decisions,
    duties,
    evidence,
    facts,
    incidents,
    investigation,
    lake,
    logs,
    looking,
    machines,
    me,
    notes,
    notices,
    on_call,
    people,
    plans,
    privilege,
    relations,
    search,
    sheet,
    situation,
    story,
    survival,
    work,
)
from tocsin.api.asking import Key, Session, for_those_who_came_in
from tocsin.api.document import Document
from tocsin.api.door import Rate, passes
from tocsin.api.etags import keep, tag_of
from tocsin.api.problems import answer_with_problems, problem
from tocsin.api.reading import Strict


class Api(NinjaAPI):
    """Ninja's API with ETags, function names as operation ids, and problems also where no operation answers."""

    def create_response(
        self,
        request: HttpRequest,
        data: Any,
        *,
        status: int | None = None,
        temporal_response: HttpResponse | None = None,
    ) -> HttpResponse:
        """The answer, with the state that it shows as its ETag."""
        answer = super().create_response(request, data, status=status, temporal_response=temporal_response)
        revision = data.get("revision") if isinstance(data, dict) else None
        if answer.status_code < 300 and (request.method == "GET" or revision is not None):
            answer.headers["ETag"] = tag_of(answer.content, revision)
            keep(request, answer)
        return answer

    def get_openapi_operation_id(self, operation: Operation) -> str:
        """The name of the operation's function: unique over all routers (tests/api/test_api_document.py)."""
        return operation.view_func.__name__

    def get_openapi_schema(
        self, *, path_prefix: str | None = None, path_params: dict[str, Any] | None = None
    ) -> Document:
        """The document."""
        return Document(self, self.get_root_path(path_params or {}) if path_prefix is None else path_prefix)

    def _get_urls(self) -> list[URLResolver | URLPattern]:
        found = super()._get_urls()
        for pattern in found:
            if isinstance(pattern, URLPattern):
                pattern.callback = _told(pattern.callback)
        return [*found, re_path(r"^[\s\S]*$", _nothing_here)]


def _told(view: Callable[..., HttpResponseBase]) -> Callable[..., HttpResponseBase]:
    """A method that an address does not know is told as a problem."""

    @wraps(view)
    def answered(request: HttpRequest, **given: Any) -> HttpResponseBase:
        answer = view(request, **given)
        if answer.status_code != 405:
            return answer
        allowed = answer.headers["Allow"]
        refused = problem(405, f"This address takes {allowed}.")
        refused.headers["Allow"] = allowed
        return refused

    return answered


@csrf_exempt
def _nothing_here(request: HttpRequest) -> HttpResponse:  # noqa: ARG001
    return problem(404, "There is nothing here for you.")


api = Api(
    title="Tocsin",
    version=__version__,
    description="Incident response that runs. You see the incidents that you are on, and nothing of any other.",
    urls_namespace="api",
    parser=Strict(),
    auth=[Key(), Session()],
    throttle=[Rate()],
    docs_url=None,
    docs_decorator=for_those_who_came_in,
)
api.add_decorator(passes, mode="view")
answer_with_problems(api)
for router in (
    incidents.router,
    facts.router,
    sheet.router,
    work.router,
    situation.router,
    notes.router,
    decisions.router,
    investigation.router,
    evidence.router,
    privilege.router,
    lake.router,
    looking.router,
    story.router,
    answers.router,
    calling.router,
    relations.router,
    comms.router,
    comms_public.router,
    duties.router,
    notices.router,
):
    api.add_router("/incidents", router)
api.add_router("/pagings", calling.gateway)
api.add_router("", logs.router)
api.add_router("", search.router)
api.add_router("", duties.outside)
api.add_router("", machines.router)
api.add_router("", survival.router)
api.add_router("/plan", plans.router)
api.add_router("/me", me.router)
api.add_router("/people", people.router)
api.add_router("/people", on_call.router)
api.add_router("/alerts", alerts.router)
