"""CACAO 2.0: valid documents become playbooks and come out whole; invalid ones are handled each its way."""

from __future__ import annotations

import copy
import json
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from referencing import Registry
from referencing.jsonschema import DRAFT7

from tocsin.plan.cacao import CacaoError, CacaoImport, export_playbook, import_playbook, read_document
from tocsin.plan.dump import playbook_text
from tocsin.plan.load import load_plan, parse_plan
from tocsin.plan.models import Plan, Playbook

SAMPLE = Path(__file__).parent / "sample"
VALID = ("fin", "http", "manual", "openc2", "powershell", "ssh")
AT = datetime(2026, 11, 24, 3, 10, 5, 123456, tzinfo=UTC)

Check = Callable[[dict[str, Any]], list[str]]


def uid(kind: str, number: int) -> str:
    return f"{kind}--00000000-0000-4000-8000-{number:012d}"


def document(workflow: dict[str, Any], start: str, **more: Any) -> dict[str, Any]:
    """A small document around a workflow; its one agent is a group."""
    return {
        "type": "playbook", "spec_version": "cacao-2.0", "id": uid("playbook", 1), "name": "Doc",
        "created_by": uid("identity", 1), "created": "2026-01-01T00:00:00.000Z", "modified": "2026-01-01T00:00:00.000Z",
        "workflow_start": start, "workflow": workflow,
        "agent_definitions": {uid("group", 1): {"type": "group", "name": "SOC"}}, **more,
    }  # fmt: skip


def action(name: str, follows: str, **more: Any) -> dict[str, Any]:
    commands = [{"type": "manual", "command": f"do {name}"}]
    return {
        "type": "action",
        "name": name,
        "commands": commands,
        "agent": uid("group", 1),
        "on_completion": follows,
        **more,
    }


def simple() -> dict[str, Any]:
    a, b = uid("action", 1), uid("action", 2)
    steps = {
        uid("start", 1): {"type": "start", "on_completion": a},
        a: action("first", b, timeout=90_000), b: action("second", uid("end", 1)), uid("end", 1): {"type": "end"},
    }  # fmt: skip
    return document(steps, uid("start", 1))


def reasons(doc: dict[str, Any]) -> str:
    with pytest.raises(CacaoError) as caught:
        import_playbook(doc)
    assert caught.value.reasons
    return "; ".join(caught.value.reasons)


# --- the shared documents ---------------------------------------------------------------------------------------


@pytest.fixture(scope="session")
def oasis(cacao: Path) -> Check:
    """The validator of the OASIS draft-07 schemas: a document -> what is wrong with it."""
    schemas = [json.loads(p.read_text("utf-8")) for p in (cacao / "oasis-json-schemas" / "schemas").rglob("*.json")]
    registry: Registry[Any] = Registry().with_resources((s["$id"], DRAFT7.create_resource(s)) for s in schemas)
    root = next(s for s in schemas if s["$id"].endswith("/schemas/playbook.json"))
    validator = jsonschema.Draft7Validator(root, registry=registry)
    return lambda doc: [f"{e.json_path}: {e.message[:120]}" for e in validator.iter_errors(doc)]


def load(cacao: Path, name: str) -> dict[str, Any]:
    return read_document((cacao / name).read_text(encoding="utf-8"))


@pytest.mark.shared
@pytest.mark.parametrize("name", VALID)
def test_a_valid_document_becomes_a_playbook_and_comes_out_whole(cacao: Path, plan: Plan, name: str) -> None:
    original = load(cacao, f"{name}-playbook.json")
    before = copy.deepcopy(original)
    playbook = import_playbook(original).playbook
    assert original == before
    assert playbook.title == original["name"]
    assert len(playbook.steps) == sum(s["type"] == "action" for s in original["workflow"].values())
    assert export_playbook(plan, playbook) == original


@pytest.mark.shared
@pytest.mark.parametrize("name", VALID)
def test_a_document_survives_the_plan_folder(cacao: Path, files: dict[str, str], name: str) -> None:
    original = load(cacao, f"{name}-playbook.json")
    playbook = import_playbook(original).playbook
    files[f"playbooks/{playbook.id}.yaml"] = playbook_text(playbook)
    plan = parse_plan(files)
    assert export_playbook(plan, plan.playbooks[playbook.id]) == original


@pytest.mark.shared
def test_the_manual_example_in_detail(cacao: Path) -> None:
    found = import_playbook(load(cacao, "manual-playbook.json"))
    step = found.playbook.steps[0]
    assert (step.id, step.role, str(step.due.within if step.due else "")) == (
        "manual",
        "luke-skywalker",
        "2 min",
    )
    assert step.instructions.endswith("prepare Falcon for hyperspeed jump")
    assert step.done_when == "The answer is recorded: hyperspeed ready."
    assert any("Luke Skywalker" in warning and "'luke-skywalker'" in warning for warning in found.warnings)


# Each invalid file: what is wrong with it and what is right to do about it.
REFUSED = {
    # The workflow is a list, as in CACAO 1; nothing can be looked up in it, and one id names two steps.
    "changed-playbook": ["its workflow is a list", "stands there twice"],
    # The last action follows itself, so the run would never end.
    "infinite_playbook": [
        "in a circle without an end",
        "action--6b23c237-ade8-4d00-9aa1-75999738d557 -> action--6b23c237",
    ],
    # A mail address that carries a shell command: whoever hands it on would run it.
    "invalid_email_playbook": ["the email address", "`shh hack`", "'banana rama'"],
    # The only agent says it is of type 'invalid' and by its id an http-api: nobody knows who does the work.
    "invalid_playbook": ["http-api--7e9174ec-a293-43df-a72d-471c79e276bf", "type 'invalid'"],
    # The last action leads to an end step that does not exist (one digit off).
    "missing_step_playbook": ["leads to 'end--6b23c237-ade8-4d00-9aa1-75999738d558'", "does not exist"],
}
READ = {
    # A whole workflow that only lacks its start step and the step for exceptions: nothing of it is lost.
    "playbook": (
        ["imc-assets-by-cve", "bia-for-cve", "generate-coas", "bia-for-coas"],
        ["not with a start step", "workflow_exception names 'end--40131926", "not know, which are kept: banana", "secret"],
    ),
    # The parallel step starts the flow, carries an agent that CACAO gives it no place for, and nothing follows it.
    "parallels_playbook": (
        ["bia-for-cve"],
        ["not with a start step", "kept: agent", "does not say what follows its branches", "workflow_exception names"],
    ),
}  # fmt: skip


@pytest.mark.shared
@pytest.mark.parametrize("name", sorted(REFUSED))
def test_an_invalid_document_is_refused_for_its_own_reason(cacao: Path, name: str) -> None:
    said = reasons(load(cacao, f"invalid/{name}.json"))
    for part in REFUSED[name]:
        assert part in said


@pytest.mark.shared
@pytest.mark.parametrize("name", sorted(READ))
def test_an_odd_document_is_read_with_warnings_and_loses_nothing(cacao: Path, plan: Plan, name: str) -> None:
    original = load(cacao, f"invalid/{name}.json")
    found = import_playbook(original)
    steps, warnings = READ[name]
    assert [step.id for step in found.playbook.steps] == steps
    for part in warnings:
        assert any(part in warning for warning in found.warnings), part
    assert export_playbook(plan, found.playbook) == original


@pytest.mark.shared
def test_every_invalid_file_has_its_verdict(cacao: Path) -> None:
    assert {p.stem for p in (cacao / "invalid").glob("*.json")} == {*REFUSED, *READ}


# --- out ---------------------------------------------------------------------------------------------------------


@pytest.mark.shared
def test_an_export_validates_against_the_oasis_schemas(oasis: Check, plan: Plan) -> None:
    for playbook in plan.playbooks.values():
        assert oasis(export_playbook(plan, playbook, AT)) == []


@pytest.mark.shared
def test_the_schemas_can_say_no(oasis: Check, plan: Plan) -> None:
    exported = export_playbook(plan, plan.playbooks["ransomware"])
    exported["workflow_start"] = "start"
    next(s for s in exported["workflow"].values() if s["type"] == "action")["commands"] = []
    assert len(oasis(exported)) >= 2


def test_a_step_in_cacao(plan: Plan) -> None:
    exported = export_playbook(plan, plan.playbooks["ransomware"], AT)
    assert exported["created"] == exported["modified"] == "2026-11-24T03:10:05.123Z"
    steps = {s["name"]: s for s in exported["workflow"].values() if s["type"] == "action"}
    isolate, pay = steps["Isolate hosts"], steps["Pay?"]
    assert isolate["commands"] == [{"type": "manual", "command": "Cut the network."}]
    assert isolate["timeout"] == 900_000
    agent = exported["agent_definitions"][isolate["agent"]]
    assert (agent["type"], agent["name"], agent["description"]) == (
        "individual",
        "Anneke de Vries",
        "Incident manager",
    )
    assert agent["contact"] == {"phone": {"work": "+31201234567"}, "email": {"work": "anneke@polder.example"}}
    assert pay["out_args"] == ["__decision_pay__"]
    assert "__decision_pay__" in exported["playbook_variables"]
    assert "timeout" not in pay  # two business days are no number of milliseconds
    kinds = [s["type"] for s in exported["workflow"].values()]
    assert (kinds.count("action"), kinds.count("parallel"), kinds.count("if-condition")) == (6, 2, 2)
    asked = {s["condition"] for s in exported["workflow"].values() if s["type"] == "if-condition"}
    assert asked == {
        "__ransom_demanded__:value = 'true'",
        "__decision_pay__:value = 'refuse' AND NOT (__production_down__:value = 'true')",
    }


def test_no_access_token_goes_out(plan: Plan) -> None:
    text = json.dumps([export_playbook(plan, playbook) for playbook in plan.playbooks.values()])
    assert "Tomasz Zielinski" in text
    assert "secret-token" not in text
    assert "slack" not in text


def test_the_same_plan_always_gives_the_same_document(plan: Plan) -> None:
    again = load_plan(SAMPLE)
    for key, playbook in plan.playbooks.items():
        assert export_playbook(plan, playbook, AT) == export_playbook(again, again.playbooks[key], AT)
    with pytest.raises(CacaoError, match="no time zone"):
        export_playbook(plan, plan.playbooks["general"], AT.replace(tzinfo=None))


def without_extensions(playbook: Playbook) -> dict[str, Any]:
    data = playbook.model_dump(exclude={"extensions"})
    data["steps"] = {step.id: step.model_dump(exclude={"extensions"}) for step in playbook.steps}
    return data


def test_our_own_export_comes_back_exactly(plan: Plan) -> None:
    for playbook in plan.playbooks.values():
        found = import_playbook(json.loads(json.dumps(export_playbook(plan, playbook, AT))))
        assert without_extensions(found.playbook) == without_extensions(playbook)
        assert found.warnings == []


def test_what_another_tool_changed_in_our_export_is_read(plan: Plan) -> None:
    exported = export_playbook(plan, plan.playbooks["ransomware"], AT)
    step = next(s for s in exported["workflow"].values() if s.get("name") == "Isolate hosts")
    step["commands"][0]["command"] = "Pull the plug."
    step["name"] = "Isolate now"
    back = import_playbook(exported).playbook.step("isolate")
    assert (back.title, back.instructions) == ("Isolate now", "Pull the plug.")


# --- an imported playbook that was edited -------------------------------------------------------------------------


def odd() -> dict[str, Any]:
    """A document with unknown properties at every level."""
    doc = simple()
    doc["x_vendor"] = {"colour": "red"}
    doc["workflow"][uid("action", 1)]["x_layout"] = [1, 2]
    doc["workflow"][uid("action", 1)]["commands"][0]["x_note"] = "keep"
    doc["agent_definitions"][uid("group", 1)]["x_shift"] = "night"
    return doc


def test_unknown_properties_survive_a_change(plan: Plan) -> None:
    playbook = import_playbook(odd()).playbook
    first = playbook.steps[0].model_copy(update={"title": "Renamed", "instructions": "Do better."})
    out = export_playbook(plan, playbook.model_copy(update={"steps": (first, *playbook.steps[1:])}), AT)
    step = out["workflow"][uid("action", 1)]
    assert (step["name"], step["x_layout"]) == ("Renamed", [1, 2])
    assert step["commands"] == [{"type": "manual", "command": "Do better.", "x_note": "keep"}]
    assert step["timeout"] == 90_000
    assert (out["id"], out["x_vendor"]) == (uid("playbook", 1), {"colour": "red"})
    assert out["agent_definitions"][uid("group", 1)]["x_shift"] == "night"
    assert (out["created"], out["modified"]) == ("2026-01-01T00:00:00.000Z", "2026-11-24T03:10:05.123Z")
    assert import_playbook(out).playbook.steps[0].instructions == "Do better."


def test_a_step_taken_out_leaves_a_whole_document(plan: Plan) -> None:
    playbook = import_playbook(odd()).playbook
    last = playbook.steps[1].model_copy(update={"needs": (), "role": "director"})
    out = export_playbook(plan, playbook.model_copy(update={"steps": (last,)}), AT)
    assert uid("action", 1) not in out["workflow"]
    agent = out["agent_definitions"][out["workflow"][uid("action", 2)]["agent"]]
    assert agent["name"] == "Jan Bakker"
    assert [s.title for s in import_playbook(out).playbook.steps] == ["second"]


@pytest.mark.shared
def test_a_changed_import_still_validates(oasis: Check, plan: Plan) -> None:
    playbook = import_playbook(simple()).playbook
    new = plan.playbooks["ransomware"].step("isolate").model_copy(update={"needs": ("first",)})
    out = export_playbook(plan, playbook.model_copy(update={"steps": (*playbook.steps, new)}), AT)
    assert oasis(out) == []
    assert {s.id: s.needs for s in import_playbook(out).playbook.steps}["isolate"] == ("first",)


# --- what a workflow means ---------------------------------------------------------------------------------------


def meaning(doc: dict[str, Any]) -> dict[str, tuple[set[str], str]]:
    return {step.id: (set(step.needs), step.when) for step in import_playbook(doc).playbook.steps}


def test_a_chain() -> None:
    assert meaning(simple()) == {"first": (set(), ""), "second": ({"first"}, "")}


def test_parallel_branches_come_together() -> None:
    a, b, c, p = uid("action", 1), uid("action", 2), uid("action", 3), uid("parallel", 1)
    steps = {
        uid("start", 1): {"type": "start", "on_completion": p},
        p: {"type": "parallel", "next_steps": [a, b], "on_completion": c},
        a: action("left", uid("end", 1)), b: action("right", uid("end", 2)), c: action("after", uid("end", 3)),
        **{uid("end", n): {"type": "end"} for n in (1, 2, 3)},
    }  # fmt: skip
    assert meaning(document(steps, uid("start", 1))) == {
        "left": (set(), ""), "right": (set(), ""), "after": ({"left", "right"}, ""),
    }  # fmt: skip


def branched(question: dict[str, Any]) -> dict[str, Any]:
    a, b, c, q = uid("action", 1), uid("action", 2), uid("action", 3), uid(question["type"], 1)
    steps = {
        uid("start", 1): {"type": "start", "on_completion": q},
        q: {**question, "on_completion": c},
        a: action("yes", uid("end", 1)), b: action("no", uid("end", 2)), c: action("after", uid("end", 3)),
        **{uid("end", n): {"type": "end"} for n in (1, 2, 3)},
    }  # fmt: skip
    return document(steps, uid("start", 1))


def test_an_if_asks_a_fact() -> None:
    doc = branched({"type": "if-condition", "condition": "__Host_Down__:value = 'true'",
                    "on_true": uid("action", 1), "on_false": uid("action", 2)})  # fmt: skip
    found = meaning(doc)
    assert found["yes"] == (set(), "variable.host_down = true")
    assert found["no"] == (set(), "not (variable.host_down = true)")
    assert found["after"] == ({"yes", "no"}, "")


def test_a_condition_that_a_plan_cannot_put_is_left_to_a_person() -> None:
    doc = branched({"type": "if-condition", "name": "Is it bad", "condition": "[file:size > 1 AND x MATCHES 'y']",
                    "on_true": uid("action", 1), "on_false": uid("action", 2)})  # fmt: skip
    found = import_playbook(doc)
    assert found.playbook.step("yes").when == "variable.is-it-bad"
    assert any("a person has to set the fact 'variable.is-it-bad'" in warning for warning in found.warnings)


def test_a_switch_has_cases_and_a_default() -> None:
    doc = branched({"type": "switch-condition", "switch": "__kind__:value",
                    "cases": {"worm": uid("action", 1), "default": uid("action", 2)}})  # fmt: skip
    found = meaning(doc)
    assert found["yes"][1] == "variable.kind = 'worm'"
    assert found["no"][1] == "not variable.kind in ('worm')"
    assert found["after"][1] == ""


def test_a_loop_is_read_once_and_said() -> None:
    doc = branched({"type": "while-condition", "condition": "__left__:value > 0", "on_true": uid("action", 1)})
    del doc["workflow"][uid("action", 2)]
    found = import_playbook(doc)
    assert found.playbook.step("yes").when == "variable.left > 0"
    assert any("is read once" in warning for warning in found.warnings)


def test_a_way_out_of_failure_waits_for_the_failure() -> None:
    doc = simple()
    a, b = uid("action", 1), uid("action", 3)
    doc["workflow"][a]["on_success"] = doc["workflow"][a].pop("on_completion")
    doc["workflow"][a]["on_failure"] = b
    doc["workflow"][b] = action("rescue", uid("end", 2))
    doc["workflow"][uid("end", 2)] = {"type": "end"}
    found = meaning(doc)
    assert found["rescue"] == (set(), "failed.first")
    assert found["second"] == ({"first"}, "")


# --- refused -----------------------------------------------------------------------------------------------------


def edit(path: str, value: Any) -> Callable[[dict[str, Any]], None]:
    def change(doc: dict[str, Any]) -> None:
        *parents, last = path.split("/")
        place = doc
        for key in parents:
            place = place[key]
        if value is None:
            place.pop(last)
        else:
            place[last] = value

    return change


A, E1 = f"workflow/{uid('action', 1)}", f"workflow/{uid('end', 1)}"
BROKEN = [
    ("type", "bundle", "not 'playbook'"),
    ("spec_version", "cacao-1.1", "only 'cacao-2.0' is read"),
    ("spec_version", "1.0", "in version 1 steps and targets look different"),
    ("name", None, "no name"),
    ("workflow", {}, "no workflow"),
    ("workflow", None, "no workflow"),
    ("workflow_start", uid("start", 9), "starts with"),
    (f"{A}", "text", "is no object"),
    (f"{A}/type", "single", "does not know"),
    (f"{A}/agent", None, "names no agent"),
    (f"{A}/agent", uid("group", 9), "is not defined"),
    (f"{A}/targets", [uid("ssh", 9)], "the target"),
    (f"{A}/commands", [], "nothing to do"),
    (f"{A}/commands", [{"type": "manual"}], "says nothing"),
    (f"{A}/commands", [{"type": "manual", "command_b64": "%%%"}], "no base64"),
    (f"{A}/on_completion", None, "its branch has no end"),
    (f"{A}/on_completion", uid("action", 9), "does not exist"),
    (f"{A}/on_completion", uid("start", 1), "in a circle"),
    (f"{A}/on_failure", uid("end", 1), "nobody can tell which one holds"),
    (f"{E1}/on_completion", uid("action", 1), "leads on"),
    (f"agent_definitions/{uid('group', 1)}/type", "sector", "its id says 'group'"),
    (f"agent_definitions/{uid('group', 1)}/name", None, "needs a type and a name"),
    (f"agent_definitions/{uid('group', 1)}/contact", {"email": {"w": "a b@c"}}, "the email address"),
    (f"agent_definitions/{uid('group', 1)}/contact", {"phone": {"w": "$(rm)"}}, "the phone address"),
    ("workflow", {f"action--{n}": {"type": "end"} for n in range(400)}, "more than 300"),
]


@pytest.mark.parametrize(("path", "value", "says"), BROKEN)
def test_a_broken_document_is_refused(path: str, value: Any, says: str) -> None:
    doc = simple()
    edit(path, value)(doc)
    assert says in reasons(doc)


def test_work_that_is_never_reached_comes_back(plan: Plan) -> None:
    doc = odd()
    doc["workflow"][uid("action", 1)]["on_completion"] = uid("end", 1)
    found = import_playbook(doc)
    assert f"step '{uid('action', 2)}' is never reached" in " ".join(found.warnings)
    assert [step.id for step in found.playbook.steps] == ["first"]
    assert export_playbook(plan, found.playbook) == doc


def test_a_mail_address_in_a_variable_is_filled_in_later() -> None:
    doc = simple()
    doc["agent_definitions"][uid("group", 1)]["contact"] = {"email": {"work": "__mail__:value"}}
    assert import_playbook(doc).playbook


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("{", "no JSON"),
        ("[]", "a JSON object"),
        ('{"a": 1, "a": 2}', "'a' stands twice"),
        ("[" * 100_000, "nested"),
    ],
)
def test_text_that_is_no_document(text: str, says: str) -> None:
    with pytest.raises(CacaoError, match=says):
        read_document(text)


def test_a_long_document_does_not_take_long() -> None:
    steps: dict[str, Any] = {uid("start", 1): {"type": "start", "on_completion": uid("parallel", 0)}}
    for n in range(70):
        follows = uid("parallel", n + 1) if n < 69 else uid("end", 9999)
        steps[uid("parallel", n)] = {
            "type": "parallel", "on_completion": follows, "next_steps": [uid("action", n), uid("action", n + 1000)]
        }  # fmt: skip
        for number in (n, n + 1000):
            steps[uid("action", number)] = action(f"s{number}", uid("end", n))
        steps[uid("end", n)] = {"type": "end"}
    steps[uid("end", 9999)] = {"type": "end"}
    begun = time.process_time()
    found = import_playbook(document(steps, uid("start", 1))).playbook
    assert len(found.steps) == 140
    assert set(found.step("s69").needs) == {"s68", "s1068"}
    assert time.process_time() - begun < 5


JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-5, 10**6)
    | st.text(max_size=8)
    | st.sampled_from([uid("end", 1), uid("action", 1)]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=5,
)


def places(value: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    found = [path] if path else []
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return found + [place for key, item in items for place in places(item, (*path, key))]


@settings(max_examples=300, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(st.data())
def test_any_damage_is_refused_in_words_or_survives(plan: Plan, data: st.DataObject) -> None:
    doc = data.draw(st.sampled_from([odd(), export_playbook(plan, plan.playbooks["ransomware"])]))
    for _ in range(data.draw(st.integers(1, 2))):
        *parents, last = data.draw(st.sampled_from(places(doc)))
        target: Any = doc
        for key in parents:
            target = target[key]
        target[last] = data.draw(JSON)
    try:
        found: CacaoImport | CacaoError = import_playbook(doc)
    except CacaoError as error:
        found = error
    if isinstance(found, CacaoError):
        assert found.reasons
        assert all(isinstance(reason, str) and reason for reason in found.reasons)
    else:
        assert export_playbook(plan, found.playbook) == doc
