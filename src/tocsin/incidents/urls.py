"""The addresses of the room `incidents`. The Room itself, at `incidents/<number>/`, is the web door's."""

from __future__ import annotations

from django.urls import path, register_converter

from tocsin.incidents.views import (
    called,
    decisions,
    decisions_by_link,
    findings,
    listing,
    me,
    notes,
    people,
    privilege,
    record,
    relations,
    remediation,
    scope,
    sheet,
    situation,
    steer,
    tasks,
)


class NoteSlug:
    """How an address calls a note: "3", or "p2" where it is privileged."""

    regex = "p?[0-9]{1,9}"

    def to_python(self, value: str) -> str:
        """As it is."""
        return value

    def to_url(self, value: object) -> str:
        """As it is."""
        return str(value)


register_converter(NoteSlug, "note")
OF = "incidents/<str:number>/"

urlpatterns = [
    path("called/<str:token>", called.called, name="called"),
    path("answer", called.answer, name="answer-call"),
    path("decide/<str:token>", decisions_by_link.by_link, name="decide-by-link"),
    path("me", me.me, name="me"),
    path("me/mark", me.mark, name="me-mark"),
    path("me/<uuid:incident>/tasks/<int:task>/start", me.start, name="me-start"),
    path("me/<uuid:incident>/tasks/<int:task>/done", me.complete, name="me-complete"),
    path("me/<uuid:incident>/", me.enter, name="me-enter"),
    path("me/<uuid:incident>/<path:to>", me.enter, name="me-enter-at"),
    path("incidents", listing.incidents, name="incidents"),
    path("incidents/declare", listing.declare_incident, name="declare"),
    path(OF + "situation", situation.situation, name="situation"),
    path(OF + "situation/form", situation.situation_form, name="situation-form"),
    path(OF + "situation/write", situation.write, name="situation-write"),
    path(OF + "situation/hand-over/<int:seat>", situation.handover, name="handover"),
    path(OF + "situation/<int:report>/acknowledge", situation.acknowledge, name="situation-acknowledge"),
    path(OF + "related", relations.relations, name="relations"),
    path(OF + "related/adopt", relations.adopt, name="adopt"),
    path(OF + "related/hr-track", relations.hr_track, name="hr-track"),
    path(OF + "related/release", relations.release, name="release"),
    path(OF + "close", relations.close, name="close"),
    path(OF + "reopen", relations.reopen, name="reopen"),
    path(OF + "merge", relations.merge, name="merge"),
    path(OF + "split", relations.split, name="split"),
    path(OF + "phase", steer.phase, name="set-phase"),
    path(OF + "severity", steer.severity, name="set-severity"),
    path(OF + "summary", steer.summary, name="set-summary"),
    path(OF + "note", steer.note, name="note"),
    path(OF + "fact", steer.fact, name="set-fact"),
    path(OF + "fact/withdraw", steer.withdraw, name="withdraw-fact"),
    path(OF + "instant", steer.instant, name="mark-instant"),
    path(OF + "facts", sheet.sheet, name="sheet"),
    path(OF + "facts/other/<str:what>", sheet.other, name="sheet-other"),
    path(OF + "facts/<str:kind>/set", sheet.set_row, name="sheet-set"),
    path(OF + "facts/<str:kind>/withdraw", sheet.withdraw_row, name="sheet-withdraw"),
    path(OF + "facts/<str:kind>/<str:name>", sheet.row, name="sheet-row"),
    path(OF + "playbook", steer.playbook, name="start-playbook"),
    path(OF + "tasks", tasks.tasks, name="tasks"),
    path(OF + "tasks/add", tasks.add, name="task-add"),
    path(OF + "tasks/<int:task>", tasks.task, name="task"),
    path(OF + "tasks/<int:task>/panel", tasks.task_panel, name="task-panel"),
    path(OF + "tasks/<int:task>/complete", tasks.complete, name="task-complete"),
    path(OF + "tasks/<int:task>/start", tasks.start, name="task-start"),
    path(OF + "tasks/<int:task>/block", tasks.block, name="task-block"),
    path(OF + "tasks/<int:task>/skip", tasks.skip, name="task-skip"),
    path(OF + "tasks/<int:task>/reopen", tasks.reopen, name="task-reopen"),
    path(OF + "tasks/<int:task>/assign", tasks.assign, name="task-assign"),
    path(OF + "decisions", decisions.decisions, name="decisions"),
    path(OF + "decisions/ask", decisions.ask, name="decision-ask"),
    path(OF + "decisions/<int:decision>", decisions.decision, name="decision"),
    path(OF + "decisions/<int:decision>/decide", decisions.decide, name="decide"),
    path(OF + "decisions/<int:decision>/advise", decisions.advise, name="advise"),
    path(OF + "decisions/<int:decision>/disagree", decisions.disagree, name="disagree"),
    path(OF + "decisions/<int:decision>/again", decisions.ask_again, name="ask-again"),
    path(OF + "scope", scope.scope, name="scope"),
    path(OF + "scope/add", scope.add, name="scope-add"),
    path(OF + "scope/<int:entry>", scope.scope_entry, name="scope-entry"),
    path(OF + "scope/<int:entry>/change", scope.change, name="scope-change"),
    path(OF + "findings/state", findings.state, name="finding-state"),
    path(OF + "findings/<int:finding>/judge", findings.judge, name="finding-judge"),
    path(OF + "remediation", remediation.remediation, name="remediation"),
    path(OF + "remediation/plan", remediation.plan, name="remediation-plan"),
    path(OF + "remediation/<int:row>/done", remediation.carry_out, name="remediation-do"),
    path(OF + "remediation/<int:row>/verify", remediation.verify, name="remediation-verify"),
    path(OF + "roles", people.roles, name="roles"),
    path(OF + "roles/hand-over", people.hand_over, name="hand-over"),
    path(OF + "roles/<str:role>/card", people.duty_card, name="duty-card"),
    path(OF + "roles/call", called.call_now, name="call-now"),
    path(OF + "roles/call-off", called.call_off, name="call-off"),
    path(OF + "roles/reached", called.reached, name="call-reached"),
    path(OF + "roles/let-in", people.let_in, name="let-in"),
    path(OF + "roles/take-off", people.take_off, name="take-off"),
    path(OF + "notes", notes.notebook, name="notebook"),
    path(OF + "notes/new", notes.new, name="notebook-new"),
    path(OF + "notes/create", notes.create, name="notebook-create"),
    path(OF + "notes/<note:note>", notes.note, name="notebook-note"),
    path(OF + "notes/<note:note>/edit", notes.edit, name="notebook-edit"),
    path(OF + "notes/<note:note>/save", notes.save, name="notebook-save"),
    path(OF + "notes/<note:note>/now", notes.now, name="notebook-now"),
    path(OF + "notes/<note:note>/history", notes.history, name="notebook-history"),
    path(OF + "notes/<note:note>/restore", notes.restore, name="notebook-restore"),
    path(OF + "notes/<note:note>/archive", notes.archive, name="notebook-archive"),
    path(OF + "notes/<note:note>/seen", notes.seen, name="notebook-seen"),
    path(OF + "notes/<note:note>/privilege", privilege.set_note, name="privilege-note"),
    path(OF + "notes/<note:note>/lift", privilege.lift_note, name="privilege-lift-note"),
    path(OF + "privilege", privilege.privilege, name="privilege"),
    path(OF + "privilege/admit", privilege.admit, name="privilege-admit"),
    path(OF + "privilege/dismiss", privilege.dismiss, name="privilege-dismiss"),
    path(OF + "log", record.log, name="log"),
    path(OF + "log/<int:sequence>", record.log_entry, name="log-entry"),
    path(OF + "log/verify", record.verify_log, name="log-verify"),
    path(OF + "log.jsonl", record.log_download, name="log-download"),
    path(OF + "plan", record.incident_plan, name="incident-plan"),
]
