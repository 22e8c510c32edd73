"""Whether this process serves and reaches its database: for start-up, load balancers and watchdogs."""

from __future__ import annotations

from django.db import connection
from django.http import HttpRequest, HttpResponse


def healthy(request: HttpRequest) -> HttpResponse:  # noqa: ARG001
    """Answer 200 and one word; a database that does not answer gives 500."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1")
    return HttpResponse("healthy", content_type="text/plain")
