"""The search page: what was found by incident and kind, or straight to what was cited."""

from __future__ import annotations

from django.http import HttpResponse
from django.shortcuts import redirect, render

from tocsin.core.searching import query_of
from tocsin.incidents.pages import asked
from tocsin.incidents.queries.search import cited
from tocsin.people.pages import Request, signed_in
from tocsin.web.search import MOST, WORDS, by_place, found, ranked

MORE = 200


@signed_in
def search(request: Request) -> HttpResponse:
    """What holds `q`; a citation (T-12, INC-2026-014 T-12) that means one thing leads there. `kind` shows more of one."""
    query, kind = query_of(request.GET.get("q", "")), asked(request, "kind")
    if query and not kind and "list" not in request.GET:
        places = cited(request.actor, query.text, asked(request, "in"))
        if len(places) == 1:
            return redirect(places[0])
    only = (kind,) if kind in WORDS else ()
    limit = MORE if only else MOST
    hits = ranked(found(request.actor, query, limit + 1, only))
    counts: dict[str, int] = {}
    for hit in hits:
        counts[hit.kind] = counts.get(hit.kind, 0) + 1
    full = {k for k, n in counts.items() if n > limit}
    context = {
        "query": query, "kind": kind, "limit": limit, "places": by_place(request.actor, hits), "search_query": query.text,
        "counts": [(k, word, min(counts[k], limit), k in full) for k, word in WORDS.items() if k in counts],
        "full": full, "words": WORDS, "total": len(hits) - len(full),
    }  # fmt: skip
    return render(request, "web/search.html", context)
