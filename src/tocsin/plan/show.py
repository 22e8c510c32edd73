"""The plan as a document that a person prints and reads: Markdown, in the order in which one needs it."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from tocsin.plan.decision_models import DecisionOption
from tocsin.plan.flow import in_order
from tocsin.plan.models import Contact, Factor, Function, Plan, Playbook, Role, Sourcing, Step, StepKind
from tocsin.plan.names import (
    audience_name,
    contact_name,
    due_words,
    listed,
    message_name,
    method_words,
    role_name,
    step_name,
    words,
)

FUNCTION_TITLES = {
    Function.INCIDENT_MANAGEMENT: "Incident management",
    Function.ENTERPRISE_INVESTIGATION: "Enterprise investigation",
    Function.TECHNICAL_ANALYSIS: "Technical analysis",
    Function.SCOPING: "Scoping",
    Function.CRISIS_COMMUNICATIONS: "Crisis communications",
    Function.LEGAL_HR_REGULATORY: "Legal, HR and regulatory",
    Function.EXECUTIVE_DECISIONS: "Executive decision-making",
    Function.REPORTING_REMEDIATION: "Reporting and remediation",
}
_SOURCING = {Sourcing.IN_HOUSE: "in house", Sourcing.OUTSOURCED: "outsourced", Sourcing.HYBRID: "shared"}
_KINDS = {
    StepKind.DECISION: "Decision",
    StepKind.COMMUNICATION: "Communication",
    StepKind.NOTIFICATION: "Notification",
    StepKind.AUTOMATION: "Done by Tocsin",
}


def show(plan: Plan, *, addresses: bool = True) -> str:
    """The whole plan in Markdown; without `addresses`, nobody's ways to be reached are in it."""
    roles = _roles(plan, addresses=addresses)
    parts = [_organization(plan), _functions(plan), roles, _severity(plan), _escalation(plan)]
    parts += [_playbook(plan, playbook) for playbook in plan.playbooks.values()]
    parts += [_messages(plan), _obligations(plan), _alerts(plan), _contacts(plan) if addresses else ""]
    return "\n\n".join(part for part in parts if part) + "\n"


def _organization(plan: Plan) -> str:
    facts = plan.organization
    lines = [f"# Incident response plan of {_text(facts.name)}", ""]
    people = f" with {facts.people_count} people" if facts.people_count else ""
    lines.append(
        f"{_text(facts.name)} works in {_text(words(facts.sector))}{people}, in {listed(facts.countries)}. "
        f"Times are given for {facts.time_zone}. Languages: {listed(facts.languages, 'none')}."
    )
    if facts.roles:
        lines.append(f"In the eyes of the law it is: {listed(words(r) for r in facts.roles)}.")
    if facts.data_held:
        lines.append(f"It holds: {listed(words(d) for d in facts.data_held)}.")
    if plan.version:
        lines += ["", f"Plan version `{plan.version[:12]}`."]
    return "\n".join(lines)


def _functions(plan: Plan) -> str:
    rows = []
    for function, title in FUNCTION_TITLES.items():
        service = plan.functions.get(function)
        roles = [role for role in plan.roles.values() if role.function is function]
        how = "not served" if service is None else _SOURCING[service.sourcing]
        if service is not None and service.provider:
            how += f" with {contact_name(plan, service.provider)}"
        who = ", ".join(f"{role.title}: {contact_name(plan, role.holder)}" for role in roles) or "nobody"
        rows.append((title, how, who, service.note if service else ""))
    return "## Who serves what\n\n" + _table(("Function", "Served", "By", "Note"), rows)


def _roles(plan: Plan, *, addresses: bool) -> str:
    parts = ["## Roles"]
    for function, title in FUNCTION_TITLES.items():
        roles = [role for role in plan.roles.values() if role.function is function]
        if roles:
            parts.append(f"### {title}")
            parts += [_role(plan, role, _reach if addresses else _named) for role in roles]
    return "\n\n".join(parts)


def _role(plan: Plan, role: Role, who: Callable[[Plan, str | None], str]) -> str:
    discipline = f" ({words(role.discipline)})" if role.discipline else ""
    lines = [f"**{_text(role.title)}**{discipline}. {_text(role.duties)}".rstrip(), ""]
    lines.append(f"- Holder: {who(plan, role.holder)}")
    lines += [f"- Backup: {who(plan, backup)}" for backup in role.backups] or ["- Backup: nobody"]
    if role.on_call:
        where = f"the calendar {role.on_call.file}" if role.on_call.file else "a calendar on the network"
        lines.append(f"- On call: whoever {where} names; then the holder, then the backups")
    if role.authority:
        lines.append(f"- May decide alone: {listed(words(a) for a in role.authority)}")
    return "\n".join(lines)


def _named(plan: Plan, key: str | None) -> str:
    return _text(contact_name(plan, key))


def _reach(plan: Plan, key: str | None) -> str:
    contact = plan.contacts.get(key or "")
    if contact is None:
        return contact_name(plan, key)
    how = ", ".join(_text(method_words(method)) for method in contact.methods) or "no way to be reached"
    firm = f", {_text(contact.organization)}" if contact.organization else ""
    return f"{_text(contact.name)}{firm}: {how}"


def _severity(plan: Plan) -> str:
    matrix = plan.severity
    parts = ["## How bad is it?", "Answer six questions; the points add up to the severity."]
    for factor in Factor:
        if factor in matrix.factors:
            asked = matrix.factors[factor]
            answers = "\n".join(f"- {level.points}: {_text(level.means)}" for level in asked.levels)
            parts.append(f"**{words(factor).capitalize()}.** {_text(asked.question)}\n\n{answers}")
    rows = [
        (
            f"{number} {level.name}",
            f"{level.from_points} or more",
            level.means,
            f"every {level.report_every}",
            ", ".join(role_name(plan, role) for role in level.call) or "nobody",
        )
        for number, level in sorted(matrix.levels.items())
    ]
    parts.append(_table(("Severity", "Points", "Means", "Report", "Called at once"), rows))
    return "\n\n".join(parts)


def _escalation(plan: Plan) -> str:
    if not plan.escalation:
        return ""
    lines = ["## When somebody does not answer", "", "The backups of the role are called first. Then:", ""]
    for rule in sorted(plan.escalation, key=lambda r: r.severity):
        names = listed(role_name(plan, role) for role in rule.then)
        lines.append(f"- Severity {rule.severity}: after {rule.no_answer_after} without an answer, {names}.")
    return "\n".join(lines)


def _playbook(plan: Plan, playbook: Playbook) -> str:
    parts = [f"## Playbook: {_text(playbook.title)}"]
    if playbook.summary:
        parts.append(_text(playbook.summary.strip()))
    signs = []
    if playbook.fits.words:
        signs.append(f"the alert speaks of {listed(playbook.fits.words, link='or')}")
    attack = (*playbook.fits.techniques, *map(words, playbook.fits.tactics))
    if attack:
        signs.append(f"detections show {listed(attack, link='or')}")
    fits = f" Runs when {'; or when '.join(signs)}." if signs else ""
    parts.append(f"Starts at severity {playbook.severity}.{_text(fits)}")
    steps = [_step(plan, playbook, number, step) for number, step in enumerate(in_order(playbook), 1)]
    return "\n\n".join([*parts, "\n\n".join(steps)])


def _step(plan: Plan, playbook: Playbook, number: int, step: Step) -> str:
    kind = f"{_KINDS[step.kind]}: " if step.kind in _KINDS else ""
    indent = " " * (len(str(number)) + 2)
    who = f"*{_text(role_name(plan, step.role))}, {_text(due_words(playbook, step.due))}.*"
    lines = [f"{number}. **{kind}{_text(step.title)}** {who}"]
    starts = []
    if step.needs:
        starts.append(f"After {_text(listed(step_name(playbook, need) for need in step.needs))}.")
    if step.when:
        starts.append(f"Only when `{step.when}`.")
    if starts:
        lines.append(" ".join(starts))
    if step.instructions:
        lines.append(_text(" ".join(step.instructions.split())))
    if step.message:
        to = audience_name(plan, step.audience or step.recipient or _message_audience(plan, step.message))
        lines.append(f"Send {message_name(plan, step.message)} to {_text(to)}.")
    elif step.recipient:
        lines.append(f"To {_text(audience_name(plan, step.recipient))}.")
    lines += _decision(plan, step)
    if step.done_when:
        lines.append(f"Done when: {_text(' '.join(step.done_when.split()))}")
    return f"\n\n{indent}".join(lines)


def _decision(plan: Plan, step: Step) -> list[str]:
    decision = step.decision
    if decision is None:
        return []
    deciders = [role.title for role in plan.roles.values() if decision.authority in role.authority]
    who = f" Decided by {listed(deciders)}." if decision.authority else ""
    told = [(option.label, consequence_words(option)) for option in decision.options]
    options = "; ".join(f"{label} ({follows})" if follows else label for label, follows in told)
    lines = [f"{_text(decision.question)}{_text(who)}", f"Options: {_text(options)}."]
    if decision.facts:
        lines.append(f"To know first: {_text(listed([words(f) for f in decision.facts]))}.")
    if decision.if_nobody_decides:
        lines.append(f"If nobody decides: {_text(decision.if_nobody_decides)}")
    return lines


def consequence_words(option: DecisionOption) -> str:
    """What follows from an option, what it costs and what it waits for; empty when the plan says nothing of it."""
    said = [option.consequence.rstrip(".")] if option.consequence else []
    if option.cost:
        to = f" to {option.cost.high:,}" if option.cost.high not in (None, option.cost.low) else ""
        said.append(f"{option.cost.currency} {option.cost.low:,}{to} {option.cost.note}".rstrip())
    if option.requires:
        said.append(f"only once it is stated that {listed([words(f) for f in option.requires])}")
    return "; ".join(said)


def _message_audience(plan: Plan, key: str) -> str | None:
    return plan.messages[key].audience if key in plan.messages else None


def _messages(plan: Plan) -> str:
    if not plan.messages:
        return ""
    rows = [
        (message.title, audience_name(plan, message.audience) if message.audience else "", message.language)
        for message in plan.messages.values()
    ]
    return "## Messages that are ready\n\n" + _table(("Message", "To", "Language"), rows)


def _obligations(plan: Plan) -> str:
    """What obligations.yaml adds to the duties that Tocsin knows; nothing where it says nothing."""
    lines = []
    for clause in plan.obligations.clauses:
        stages = [f"{_text(s.name)} to {_text(clause.recipient_name(s.recipient))}{f', {s.within}' if s.within else ''}"
                  for s in clause.stages]  # fmt: skip
        lines.append(f"- {_text(clause.name)}: {'; '.join(stages)}.")
    for regime, given in plan.obligations.targets.items():
        told = given if not isinstance(given, dict) else "; ".join(f"{_text(s)} {t}" for s, t in given.items())
        lines.append(f"- Where `{regime}` gives no number, our own target: {told}.")
    return "\n".join(["## Duties of our own", "", *lines]) if lines else ""


def _alerts(plan: Plan) -> str:
    """What alerts.yaml adds to the shapes that Tocsin knows; nothing where it says nothing."""
    alerts = plan.alerts
    lines = [f"- The source {_text(source)} is read as `{mapping}`." for source, mapping in alerts.sources.items()]
    for name, mapping in alerts.mappings.items():
        means = f": {_text(' '.join(mapping.means.split()))}" if mapping.means.strip() else ""
        signs = listed(f"`{path}`" for path in mapping.recognised_by)
        lines.append(f"- The mapping `{name}`{means}{'.' if not means.endswith('.') else ''}"
                     + (f" Known by {signs}." if mapping.recognised_by else ""))  # fmt: skip
    lines += [f"- “{_text(word)}” means severity {number}." for word, number in alerts.severity_words.items()]
    return "\n".join(["## How alerts are read", "", *lines]) if lines else ""


def _contacts(plan: Plan) -> str:
    rows = [
        (
            contact.name,
            ", ".join(part for part in (contact.title, contact.organization) if part),
            "; ".join(method_words(method) for method in contact.methods) or "no way to be reached",
            _verified(contact),
        )
        for contact in sorted(plan.contacts.values(), key=lambda c: c.name.casefold())
    ]
    return "## Contacts\n\n" + _table(("Name", "Who", "Reached by", "Last verified"), rows)


def _verified(contact: Contact) -> str:
    dates = [method.verified for method in contact.methods if method.verified]
    return max(dates).isoformat() if dates else "never"


def _table(head: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> str:
    lines = [f"| {' | '.join(head)} |", f"|{'---|' * len(head)}"]
    lines += [f"| {' | '.join(_cell(cell) for cell in row)} |" for row in rows]
    return "\n".join(lines)


def _cell(text: str) -> str:
    return _text(" ".join(text.split())).replace("|", "\\|")


def _text(text: str) -> str:
    """Text of the plan inside Markdown: what would start a tag, a link or emphasis stands for itself."""
    for mark in "\\`*_[]<>":
        text = text.replace(mark, f"\\{mark}")
    return text
