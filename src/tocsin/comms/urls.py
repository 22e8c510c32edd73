"""The addresses of the room `comms`."""

from __future__ import annotations

from django.urls import URLPattern, path

from tocsin.comms.views import audiences, messages, overview, public, sheet, waves

_IN = "incidents/<str:number>/communications"
urlpatterns: list[URLPattern] = [
    path(_IN, overview.communications, name="communications"),
    path(f"{_IN}/new", messages.new, name="outgoing-new"),
    path(f"{_IN}/draft", messages.draft, name="outgoing-draft"),
    path(f"{_IN}/messages/<int:outgoing>", messages.message, name="outgoing"),
    path(f"{_IN}/messages/<int:outgoing>/edit", messages.edit, name="outgoing-edit"),
    path(f"{_IN}/messages/<int:outgoing>/drafts", messages.drafts, name="outgoing-drafts"),
    path(f"{_IN}/messages/<int:outgoing>/deliveries", messages.deliveries, name="outgoing-deliveries"),
    path(f"{_IN}/messages/<int:outgoing>/save", messages.save, name="outgoing-save"),
    path(f"{_IN}/messages/<int:outgoing>/do/<str:act>", messages.act, name="outgoing-act"),
    path(f"{_IN}/messages/<int:outgoing>/release", waves.release_alone, name="outgoing-release"),
    path(f"{_IN}/waves/plan", waves.plan, name="wave-plan"),
    path(f"{_IN}/waves/<int:wave>", waves.wave, name="wave"),
    path(f"{_IN}/waves/<int:wave>/change", waves.change, name="wave-change"),
    path(f"{_IN}/waves/<int:wave>/do/<str:act>", waves.act, name="wave-act"),
    path(f"{_IN}/waves/<int:wave>/loosen", waves.loosen, name="wave-loosen"),
    path(f"{_IN}/audiences", audiences.audiences, name="audiences"),
    path(f"{_IN}/audiences/add", audiences.add, name="audience-add"),
    path(f"{_IN}/audiences/fill", audiences.fill, name="audience-fill"),
    path(f"{_IN}/questions", sheet.questions, name="questions"),
    path(f"{_IN}/questions/write", sheet.write, name="question-write"),
    path(f"{_IN}/questions/do/<str:act>", sheet.act, name="question-act"),
    path(f"{_IN}/status/open", public.open_page, name="statuspage-open"),
    path(f"{_IN}/status/close", public.close_page, name="statuspage-close"),
    path("status/<str:slug>", public.status, name="status-page"),
    path("read/<str:token>", public.read, name="message-read"),
]
