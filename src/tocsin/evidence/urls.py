"""The addresses of the room `evidence`."""

from __future__ import annotations

from django.urls import path

from tocsin.evidence import views, views_detections, views_explorer, views_looking, views_privilege, views_story

OF = "incidents/<str:number>/"

urlpatterns = [
    path(OF + "investigation", views.investigation, name="investigation"),
    path(OF + "investigation/run", views.analyse, name="analyse"),
    path(OF + "investigation/run/stop", views.stop, name="analysis-stop"),
    path(OF + "investigation/progress", views.run_progress, name="run-progress"),
    path(OF + "investigation/events", views_explorer.explorer, name="explorer"),
    path(OF + "investigation/events/mark", views_explorer.mark, name="mark"),
    path(OF + "investigation/events/marked", views_explorer.marked, name="marked"),
    path(OF + "investigation/events/searches", views_explorer.search_save, name="search-save"),
    path(OF + "investigation/events/searches/<int:search>/drop", views_explorer.search_drop, name="search-drop"),
    path(OF + "investigation/events/<str:event>", views_explorer.event, name="lake-event"),
    path(OF + "investigation/attack", views_story.steps, name="steps"),
    path(OF + "investigation/attack/<str:technique>", views_story.technique, name="technique"),
    path(OF + "investigation/indicators", views_looking.indicators, name="indicators"),
    path(OF + "investigation/indicators/add", views_looking.indicator_add, name="indicator-add"),
    path(
        OF + "investigation/indicators/<int:indicator>/withdraw",
        views_looking.indicator_withdraw,
        name="indicator-withdraw",
    ),
    path(OF + "investigation/feeds", views_looking.feed_import, name="feed-import"),
    path(OF + "investigation/feeds/<int:feed>/withdraw", views_looking.feed_withdraw, name="feed-withdraw"),
    path(OF + "investigation/yara", views_looking.yara_add, name="yara-add"),
    path(OF + "investigation/yara/<int:yara>/withdraw", views_looking.yara_withdraw, name="yara-withdraw"),
    path(OF + "investigation/samples", views_looking.samples, name="samples"),
    path(OF + "investigation/samples/<int:sample>", views_looking.sample, name="sample"),
    path(OF + "investigation/samples/<int:sample>/take", views_looking.sample_take, name="sample-take"),
    path(OF + "investigation/network", views_story.network, name="network"),
    path(OF + "investigation/processes", views_story.processes, name="processes"),
    path(OF + "investigation/logons", views_story.logons, name="logons"),
    path(OF + "investigation/proposed", views_story.proposed, name="proposed"),
    path(OF + "investigation/proposed/answer", views_story.answer, name="answer-suggestion"),
    path(OF + "detections", views_detections.detection_rows, name="detection-rows"),
    path(OF + "detections/<int:detection>", views_detections.detection, name="detection"),
    path(OF + "evidence", views.evidence, name="evidence"),
    path(OF + "evidence/upload", views.upload, name="evidence-upload"),
    path(OF + "evidence/verify", views.verify, name="evidence-verify"),
    path(OF + "evidence/<int:item>/privilege", views_privilege.set_file, name="privilege-file"),
    path(OF + "evidence/privileged/upload", views_privilege.upload, name="privileged-upload"),
    path(OF + "evidence/privileged/<int:item>", views_privilege.read, name="privileged-file"),
    path(OF + "evidence/privileged/<int:item>/lift", views_privilege.lift_file, name="privilege-lift-file"),
    path(OF + "evidence/<int:item>/hand-on", views.hand_on, name="evidence-hand-on"),
]
