"""Lint: each mistake is found in its file and line, and a good plan has none."""

# ruff: noqa: E501, ISC004 - a case of a table is read best on one line
from __future__ import annotations

from datetime import date

import pytest

from tocsin.plan.lint import lint
from tocsin.plan.lint_view import lint_codes

TODAY = date(2026, 11, 24)
PLAN, CONTACTS = "plan.yaml", "contacts.yaml"
RANSOM, GENERAL = "playbooks/ransomware.yaml", "playbooks/general.yaml"
STAFF, AUTHORITY = "messages/staff-note.md", "messages/authority-note.md"

# code, file, text to replace, replacement, and a piece of the line where the problem has to stand afterwards
MISTAKES = [
    ("role-no-holder", PLAN, "    holder: anneke\n", "", "incident-manager:"),
    ("role-no-backup", PLAN, "    backups: [tomasz]\n", "", "incident-manager:"),
    ("unknown-contact", PLAN, "holder: jan", "holder: jann", "holder: jann"),
    ("unknown-contact", PLAN, "provider: ir-firm", "provider: ir-frim", "provider: ir-frim"),
    ("unknown-contact", PLAN, "contacts: [staff-list]", "contacts: [stuff-list]", "stuff-list"),
    ("unknown-contact", RANSOM, "recipient: regulator", "recipient: regulatr", "recipient: regulatr"),
    ("backup-is-holder", PLAN, "backups: [tomasz]\n", "backups: [anneke]\n", "backups: [anneke]"),
    ("backup-twice", PLAN, "backups: [tomasz]\n", "backups: [tomasz, tomasz]\n", "backups: [tomasz, tomasz]"),
    ("function-missing", PLAN, "  scoping: {sourcing: in_house}\n", "", "functions:"),
    ("function-unserved", PLAN, "function: scoping", "function: crisis_communications", "scoping: {sourcing"),
    ("no-provider", PLAN, "{sourcing: outsourced, provider: law-firm}", "{sourcing: outsourced}", "legal_hr"),
    ("discipline-missing", PLAN, "discipline: network", "discipline: malware", "technical_analysis: {sourcing"),
    ("role-no-discipline", PLAN, " discipline: network,", "", "network-analyst:"),
    ("stray-discipline", PLAN, "function: scoping,", "function: scoping, discipline: network,", "scoper:"),
    ("no-calendar", PLAN, "    holder: anneke\n", "    holder: anneke\n    on_call: {calendar: calendars/x.ics}\n", "on_call"),
    ("open-calendar", PLAN, "    holder: anneke\n", "    holder: anneke\n    on_call: {calendar: 'http://x.example/y'}\n",
     "on_call"),
    ("comcheck-rhythm", PLAN, "roles:\n", "comcheck: {every: 1 h}\nroles:\n", "every: 1 h"),
    ("no-lead", PLAN, "access: lead", "access: responder", "roles:"),
    ("many-roles", PLAN, "holder: sofia, backups: [anneke]", "holder: tomasz, backups: [anneke]", ""),
    ("unknown-time-zone", PLAN, "Europe/Amsterdam", "Europe/Amsterdm", "Europe/Amsterdm"),
    ("unknown-time-zone", CONTACTS, "Europe/Amsterdam", "Mars/Olympus", "Mars/Olympus"),
    ("unknown-country", PLAN, "[NL, NO]", "[NL, XX]", "XX"),
    ("contact-no-method", CONTACTS, "methods: [{kind: sms, url: 'tel:+4722123456', verified: 2026-10-01}]",
     "methods: []", "sofia"),
    ("bad-url", CONTACTS, "tel:+31201234567", "0201234567", "0201234567"),
    ("bad-url", CONTACTS, "mailto:anneke@polder.example", "mailto:anneke", "mailto:anneke"),
    ("contact-unverified", CONTACTS, "tel:+31207654321', verified: 2026-10-01", "tel:+31207654321'", "jan:"),
    ("contact-unverified", CONTACTS, "tel:+31207654321', verified: 2026-10-01",
     "tel:+31207654321', verified: 2026-08-25", "jan:"),
    ("verified-later", CONTACTS, "tel:+31207654321', verified: 2026-10-01",
     "tel:+31207654321', verified: 2026-11-25", "jan:"),
    ("mail-only", CONTACTS, "kind: sms, url: 'tel:+4722123456'", "kind: mail, url: 'mailto:s@p.example'", "sofia"),
    ("fill-in", CONTACTS, "Jan Bakker", "'Fill in: director'", "jan:"),
    ("unused-contact", CONTACTS, "  jan:", "  spare: {name: Spare, methods: [{kind: phone, url: 'tel:+3112345', "
     "verified: 2026-11-01}]}\n  jan:", "spare:"),
    ("audience-empty", PLAN, "contacts: [staff-list]", "contacts: []", "staff: {title"),
    ("unused-audience", PLAN, "  staff: {title", "  press: {title: Press, contacts: [sofia]}\n  staff: {title", "press:"),
    ("factor-missing", PLAN, "    threat_actor: {question: Who?, levels: [{points: 0, means: Noise}, "
     "{points: 3, means: Determined}]}\n", "", "factors:"),
    ("factor-scale", PLAN, "{points: 0, means: Noise}, {points: 3", "{points: 3, means: Noise}, {points: 0", "threat_actor"),
    ("level-missing", PLAN, "    4: {name: Low, from_points: 0, means: One, report_every: 1 d}\n", "", "levels:\n"),
    ("thresholds", PLAN, "from_points: 8", "from_points: 12", "1: {name: Severe"),
    ("unreachable-level", PLAN, "{points: 3, means: Very}", "{points: 1, means: Very}", ""),
    ("no-call-list", PLAN, ", call: [incident-manager, director]", "", "1: {name: Severe"),
    ("unknown-role", PLAN, "call: [incident-manager, director]", "call: [incident-manager, directr]", "directr"),
    ("unknown-role", PLAN, "then: [director]", "then: [directr]", "directr"),
    ("unknown-role", RANSOM, "role: fixer", "role: fixr", "role: fixr"),
    ("zero-time", PLAN, "report_every: 8 h", "report_every: 0 h", "report_every: 0 h"),
    ("zero-time", PLAN, "no_answer_after: 5 min", "no_answer_after: 0 min", "no_answer_after: 0 min"),
    ("no-escalation", PLAN, "  - {severity: 2, no_answer_after: 15 min, then: [incident-manager]}\n", "", "escalation:"),
    ("no-general", GENERAL, "id: general", "id: other", ""),
    ("file-name", GENERAL, "id: general", "id: other", "id: other"),
    ("never-chosen", RANSOM, "fits: {words: [ransom, encrypted files], techniques: [T1486, T1490], tactics: [impact]}\n",
     "", "id: ransomware"),
    ("bad-technique", RANSOM, "T1486", "T148", "fits:"),
    ("unknown-tactic", RANSOM, "tactics: [impact]", "tactics: [impct]", "fits:"),
    ("duplicate-step", RANSOM, "id: sample", "id: isolate", "id: isolate"),
    ("unknown-step", RANSOM, "needs: [pay]", "needs: [pai]", "needs: [pai]"),
    ("unknown-step", RANSOM, "after_step: isolate", "after_step: isolat", "after_step: isolat"),
    ("cycle", RANSOM, "    do: Cut the network.\n", "    do: Cut.\n    needs: [restore]\n", "needs:"),
    ("cycle", RANSOM, "    do: Cut the network.\n", "    do: Cut.\n    needs: [isolate]\n", "needs: [isolate]"),
    ("never-starts", RANSOM, "needs: [isolate, sample]", "needs: [isolate, sampl]", "needs: [pay]"),
    ("never-starts", RANSOM, "when: ransom_demanded", "when: ransom_demanded and not ransom_demanded", "when: ransom"),
    ("never-starts", RANSOM, "decision.pay = refuse", "decision.pay = rfuse", "when: decision.pay = rfuse"),
    ("never-starts", GENERAL, "people_affected >= 10", "people_affected > 5", ""),
    ("bad-condition", RANSOM, "when: ransom_demanded", "when: ransom_demanded and", "when: ransom_demanded and"),
    ("unknown-fact", RANSOM, "when: ransom_demanded", "when: ransom_demandd", "when: ransom_demandd"),
    ("unknown-fact", RANSOM, "decision.pay = refuse", "decision.paid = refuse", "decision.paid"),
    ("unknown-fact", STAFF, "{{ what_happened }}", "{{ what_happend }}", "what_happend"),
    ("unused-fact", PLAN, "  cheese_at_risk:", "  milk_at_risk: {means: milk}\n  cheese_at_risk:", "milk_at_risk"),
    ("fact-known", PLAN, "  cheese_at_risk:", "  ransom_demanded: {means: x}\n  cheese_at_risk:", "ransom_demanded"),
    ("due-zero", RANSOM, "within: 15 min", "within: 0 min", "within: 0 min"),
    ("due-after-later", RANSOM, "due: {within: 15 min}", "due: {within: 15 min, after_step: restore}", "due:"),
    ("no-proof", RANSOM, "    done_when: No host answers.\n", "", "id: isolate"),
    ("no-decision", RANSOM, "    kind: decision\n    needs: [isolate, sample]\n    when: ransom_demanded\n"
     "    due: {within: 2 business days, after_step: isolate}\n    decision:\n      question: Do we pay?\n"
     "      authority: pay-ransom\n      options:\n        - {id: pay, label: Pay, consequence: Money gone}\n"
     "        - {id: refuse, label: Do not pay, consequence: The files stay locked}\n      if_nobody_decides: We do not pay.\n",
     "    kind: decision\n", "id: pay"),
    ("track-role", RANSOM, "    role: malware-analyst\n", "    role: malware-analyst\n    track: hr\n", "role: malware-analyst"),
    ("track-awaited", RANSOM, "    role: malware-analyst\n", "    role: malware-analyst\n    track: hr\n", "id: pay"),
    ("stray-decision", RANSOM, "    kind: decision\n", "", "decision:"),
    ("nobody-decides", PLAN, "authority: [pay-ransom]", "authority: []", ""),
    ("nobody-decides", RANSOM, "      authority: pay-ransom\n", "", ""),
    ("duplicate-option", RANSOM, "{id: refuse, label", "{id: pay, label", "id: pay, label: Do not"),
    ("unknown-fact", RANSOM, "      authority: pay-ransom\n", "      authority: pay-ransom\n      facts: [backups_usabel]\n",
     "backups_usabel"),
    ("unknown-fact", RANSOM, "{id: pay, label: Pay,", "{id: pay, requires: [sanction_checked], label: Pay,", "id: pay"),
    ("never-allowed", RANSOM, "{id: pay, label: Pay,", "{id: pay, requires: [amount], label: Pay,", "id: pay"),
    ("no-way-out", RANSOM, "{id: pay, label: Pay, consequence: Money gone}\n        - {id: refuse,",
     "{id: pay, requires: [malware], label: Pay, consequence: Money gone}\n"
     "        - {id: refuse, requires: [malware],", "options:"),
    ("no-consequence", RANSOM, ", consequence: The files stay locked", "", "id: refuse"),
    ("no-default", RANSOM, "      if_nobody_decides: We do not pay.\n", "", "decision:"),
    ("no-message", GENERAL, "    message: staff-note\n", "", "id: tell"),
    ("unknown-message", GENERAL, "message: staff-note", "message: stuff-note", "message: stuff-note"),
    ("no-audience", STAFF, "audience: staff\n", "", ""),
    ("unknown-audience", STAFF, "audience: staff\n", "audience: stuff\n", "audience: stuff"),
    ("unknown-audience", GENERAL, "message: staff-note", "message: staff-note\n    audience: stuff", "audience: stuff"),
    ("no-recipient", RANSOM, "    recipient: regulator\n", "", "id: tell"),
    ("no-automation", RANSOM, "    automation: scan-evidence\n", "", "id: scan"),
    ("bad-placeholder", STAFF, "{{ what_happened }}", "{{ What happened }}", "What happened"),
    ("bad-placeholder", STAFF, "{{ what_happened }}", "{{ what_happened }", "{{ what_happened }"),
    ("empty-message", AUTHORITY, "{{organization}} reports an incident.\n", "", ""),
    ("unused-message", RANSOM, "    message: authority-note\n", "", ""),
]  # fmt: skip

# These need two changes to be seen, or are seen in another file than the one changed.
ELSEWHERE = {
    "unreachable-level": [(PLAN, "from_points: 12", "from_points: 17")],
    "no-general": [], "nobody-decides": [(PLAN, "access: decider", "access: responder")], "no-audience": [], "unused-message": [], "empty-message": [],
    "never-starts": [(GENERAL, "cheese_at_risk or people_affected > 5", "people_affected > 5 and people_affected < 5")],
    "level-missing": [],
}  # fmt: skip


def test_the_sample_plan_is_clean(files: dict[str, str]) -> None:
    assert lint(files, TODAY) == []


@pytest.mark.parametrize(("code", "file", "old", "new", "place"), MISTAKES)
def test_a_mistake_is_found_where_it_stands(
    files: dict[str, str], code: str, file: str, old: str, new: str, place: str
) -> None:
    assert old in files[file]
    files[file] = files[file].replace(old, new, 1)
    for other, before, after in ELSEWHERE.get(code, []):
        files[other] = files[other].replace(before, after)
    found = [p for p in lint(files, TODAY) if p.code == code]
    assert found, [str(p) for p in lint(files, TODAY)]
    severity, why = lint_codes()[code]
    assert {(p.severity, p.why) for p in found} == {(severity, why)}
    for problem in found:
        assert 1 <= problem.line <= files[problem.file].count("\n") + 1
    if place:
        lines = files[file].splitlines(keepends=True)
        assert any(p.file == file and place in lines[p.line - 1] for p in found), [str(p) for p in found]


def test_every_code_has_a_mistake_that_shows_it() -> None:
    shown_elsewhere = {
        "bad-calendar", "unused-calendar", "contact-not-reached",  # by tests/people
        "unknown-mapping", "bad-path", "unused-mapping",  # by test_plan_alerts
        "duplicate-regime", "unknown-regime",  # by test_plan_obligations
    }  # fmt: skip
    assert {code for code, *_ in MISTAKES} | shown_elsewhere == set(lint_codes())


def test_problems_come_by_file_and_line_with_plan_first(files: dict[str, str]) -> None:
    files[PLAN] = files[PLAN].replace("holder: jan", "holder: nobody-1").replace("[NL, NO]", "[ZZ]")
    files[CONTACTS] = files[CONTACTS].replace("tel:+31201234567", "x")
    found = lint(files, TODAY)
    assert [p.file for p in found] == [PLAN, PLAN, CONTACTS, CONTACTS]
    assert [p.line for p in found[:2]] == sorted(p.line for p in found[:2])


def test_a_text_says_place_what_and_why(files: dict[str, str]) -> None:
    files[RANSOM] = files[RANSOM].replace("role: fixer", "role: fixr")
    line = files[RANSOM].splitlines().index("    role: fixr") + 1
    assert str(lint(files, TODAY)[0]) == (
        f"playbooks/ransomware.yaml:{line}: error: step 'restore' names the role 'fixr', which the plan does not "
        "have; did you mean 'fixer'? (nobody would be called, and nobody would do the work)"
    )


def test_a_line_inside_a_message_counts_from_the_top_of_the_file(files: dict[str, str]) -> None:
    files[STAFF] = "---\ntitle: T\naudience: staff\n---\n\n\nfirst\nsecond {{ nonsense_fact }}\n"
    assert [p.line for p in lint(files, TODAY) if p.code == "unknown-fact"] == [8]


def test_one_broken_playbook_does_not_hide_the_rest(files: dict[str, str]) -> None:
    files[RANSOM] = files[RANSOM].replace("id: ransomware", "id: [")
    files[PLAN] = files[PLAN].replace("holder: jan", "holder: jann")
    codes = {p.code for p in lint(files, TODAY)}
    assert {"yaml-syntax", "unknown-contact"} <= codes


def test_ninety_days_are_fresh_and_ninety_one_are_not(files: dict[str, str]) -> None:
    files[CONTACTS] = files[CONTACTS].replace("2026-10-01", "2026-08-26")
    assert not [p for p in lint(files, TODAY) if p.code == "contact-unverified"]
    assert [p for p in lint(files, date(2026, 11, 25)) if p.code == "contact-unverified"]


def test_a_decision_that_never_starts_stops_what_waits_for_its_outcome(files: dict[str, str]) -> None:
    text = files[RANSOM].replace("when: ransom_demanded", "when: production_down = 7").replace("    needs: [pay]\n", "")
    files[RANSOM] = text
    found = [p.what for p in lint(files, TODAY) if p.code == "never-starts"]
    assert len(found) == 2
    assert "waits for the decision 'pay', which never starts" in found[1]
