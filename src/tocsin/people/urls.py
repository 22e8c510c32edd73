"""The addresses of the room `people`."""

from __future__ import annotations

from django.urls import path

from tocsin.people import views, views_comcheck, views_duty, views_machines, views_team

urlpatterns = [
    path("sign-in/<str:secret>", views.sign_in_link, name="sign-in-link"),
    path("sign-out", views.sign_out, name="sign-out"),
    path("plan", views.plan, name="plan"),
    path("team", views_team.team, name="team"),
    path("team/people/<str:key>", views_team.person, name="person"),
    path("on-call", views_duty.on_call, name="on-call"),
    path("on-call/<str:role>", views_duty.on_call_role, name="on-call-role"),
    path("on-call/<str:role>/rota", views_duty.save_rota, name="save-rota"),
    path("on-call/<str:role>/rota/end", views_duty.drop_rota, name="drop-rota"),
    path("on-call/<str:role>/shifts", views_duty.add_shift, name="add-shift"),
    path("on-call/<str:role>/shifts/<str:shift>/withdraw", views_duty.take_shift_back, name="withdraw-shift"),
    path("comcheck", views_comcheck.comcheck, name="comcheck"),
    path("comcheck/run", views_comcheck.run_comcheck, name="run-comcheck"),
    path("comcheck/<str:number>/close", views_comcheck.end_comcheck, name="close-comcheck"),
    path("comcheck/asks/<str:ask>", views_comcheck.tick_reached, name="mark-reached"),
    path("comcheck/<str:number>", views_comcheck.comcheck, name="comcheck-round"),
    path("reached/<str:token>", views_comcheck.reached, name="reached"),
    path("team/invite", views.invite_person, name="invite"),
    path("team/take-out", views.take_out, name="take-out"),
    path("team/take-in", views.take_in_again, name="take-in-again"),
    path("team/revoke", views.revoke_role, name="revoke-role"),
    path("team/revoke-token", views.revoke_token_of, name="revoke-token"),
    path("you", views.you, name="you"),
    path("you/zone", views.choose_zone, name="choose-zone"),
    path("you/keys", views_machines.make_key, name="make-key"),
    path("webhooks", views_machines.webhooks, name="webhooks"),
    path("webhooks/add", views_machines.add_webhook, name="add-webhook"),
    path("webhooks/<str:webhook>/<str:what>", views_machines.change_webhook, name="change-webhook"),
    path("plan/messages/<str:message>", views.message, name="plan-message"),
    path("log", views.organization_log, name="organization-log"),
    path("organization", views.choose_organization, name="choose-organization"),
]
