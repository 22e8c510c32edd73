"""Match events against the rules of one route, looking closely only at rules that have a chance.

An event's candidates are the rules that all of its values allow (see column.py): first those that its
make allows, which is worked out once for all events of a make, then those that the values allow, column
by column. Only the trees of candidates are evaluated, and only on events that have candidates.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import chain
from operator import and_, or_

from tocsin.lab.sigma.atoms import Atom, Look, Test, texts_of
from tocsin.lab.sigma.clauses import Necessity, Needle
from tocsin.lab.sigma.column import MAX_ACROSS, MAX_CLAUSES, Column, Layers, Value, in_memory
from tocsin.lab.sigma.expression import Node, atoms_in, test_of_node
from tocsin.lab.sigma.keywords import Keywords
from tocsin.lab.sources.rows import ABSENT, Key, Rows

MAX_OUTLOOKS = 4_000
MAX_ANSWERS = 500
MAX_ANSWERED_LENGTH = 4_000
"""Answers that a rule remembers between batches, and the length of the values up to which it does."""

Hits = list[tuple[int, list[int]]]
"""Events, by their index, and the numbers of the rules that match them."""


@dataclass
class PlannedRule:
    """A rule as a route matches it: its number in the rule set, its necessary conditions, its tree, and the functions
    that answer the atoms."""

    number: int
    necessity: Necessity
    tree: Node
    tests: Mapping[int, Test]
    atoms: Sequence[Atom]

    @cached_property
    def fields(self) -> list[str | None]:
        """The fields that the rule asks; with None all of them."""
        return sorted(self._fields_of(self.tree), key=str)

    def _fields_of(self, node: Node) -> set[str | None]:
        asked = [self.atoms[number] for number in atoms_in(node)]
        return {atom.field for atom in asked} | {atom.operand[0] for atom in asked if atom.operation == "field"}

    def parts_on_one_field(self) -> Iterator[tuple[str, Test]]:
        """Yield the parts of the tree that must all hold and ask no more than one field, each with this field."""
        conjunction = isinstance(self.tree, list) and self.tree[0] == "and"
        for part in self.tree[1:] if conjunction and isinstance(self.tree, list) else [self.tree]:
            names = self._fields_of(part)
            name = names.pop()
            if not names and name is not None:
                yield name, test_of_node(part, self.tests)

    @cached_property
    def _test(self) -> Test:
        """What answers the tree; made when there is a first candidate for it."""
        return test_of_node(self.tree, self.tests)

    @cached_property
    def _answers(self) -> dict[tuple[Value, ...], bool]:
        """What was answered, by the values of the fields: events that are alike in these are looked at once."""
        return {}

    def matching(self, candidates: list[int], columns: Columns) -> Iterator[int]:
        """Yield those of some events that match."""
        if None in self.fields:
            yield from (index for index in candidates if self._test(Look(columns.rows.fields(index))))
            return
        names = [name for name in self.fields if name is not None]
        asked = [columns[name] for name in names]
        answers = self._answers
        if len(answers) > MAX_ANSWERS:
            answers.clear()
        for index in candidates:
            values = tuple([column[index] for column in asked])
            answer = answers.get(values)
            if answer is None:
                fields = {name: value for name, value in zip(names, values, strict=True) if value is not ABSENT}
                answer = self._test(Look(fields))
                if sum(map(len, chain.from_iterable(map(texts_of, fields.values())))) < MAX_ANSWERED_LENGTH:
                    answers[values] = answer
            if answer:
                yield index


@dataclass(frozen=True)
class Outlook:
    """What is known of all events with one key: the rules that are possible, those of them that need no more help
    across fields, and the columns that can still rule some out."""

    possible: int
    helped: int
    columns: list[tuple[str, Column]]


class Plan:
    """The rules of one route, ready to match."""

    def __init__(self, rules: Sequence[PlannedRule], needles: Mapping[int, frozenset[Needle]]) -> None:
        self._rules = rules
        self._everything = (1 << len(rules)) - 1
        self._helped = (1 << len(rules) * MAX_ACROSS) - 1
        """For each layer of clauses across fields the rules that have none there, and so need no help."""
        layers: dict[str | None, Layers] = defaultdict(lambda: Layers(len(rules)))
        for bit, rule in enumerate(rules):
            self._place(bit, rule, layers)
        keywords = layers.pop(None, None)
        self._keywords = Keywords(keywords, self._everything, needles) if keywords else None
        self._columns = {
            name: Column(name, layer, self._everything, needles) for name, layer in layers.items() if name is not None
        }
        self._outlooks: dict[Key, Outlook] = {}

    def _place(self, bit: int, rule: PlannedRule, layers: dict[str | None, Layers]) -> None:
        """Enter a rule's clauses: the rarest of those on each field, and the rarest of those across fields.

        Where none of them is good, enter also the parts of its tree that ask one field.
        """
        if not rule.necessity.good:
            for asked, part in rule.parts_on_one_field():
                layers[asked].probe(bit, part)
        used: Counter[str | None] = Counter()
        across = 0
        for clause in rule.necessity.clauses:
            if len(clause) == 1:
                ((name, numbers),) = clause
                if used[name] < MAX_CLAUSES:
                    layers[name].demand(numbers, bit, used[name])
                    used[name] += 1
            elif across < MAX_ACROSS:
                self._helped &= ~(1 << (bit + across * len(self._rules)))
                for name, numbers in clause:
                    layers[name].help(numbers, bit, across)
                across += 1

    def hits(self, rows: Rows) -> Hits:
        """Return the events that rules match, and the numbers of these rules in the order of the rules."""
        outlook = self._outlooks.get(rows.key) or self._outlook(rows)
        possible, helped = outlook.possible, outlook.helped
        said: list[int] | None = None
        if self._keywords is not None and possible & (self._keywords.demands | self._keywords.helps):
            said = self._keywords.said(rows)
            if said is None:
                possible &= self._keywords.allowed[ABSENT]
        if not possible:
            return []
        masks, helps = [possible] * len(rows), [helped] * len(rows)
        if said is not None and self._keywords is not None:
            verdicts = {bits: self._keywords.meaning(bits) for bits in set(said)}
            masks = [mask & verdicts[bits][0] for mask, bits in zip(masks, said, strict=True)]
            helps = [mask | verdicts[bits][1] for mask, bits in zip(helps, said, strict=True)]
        for name, column in outlook.columns:
            values = column.learn(rows.column(name))
            if column.demands & possible:
                masks = list(map(and_, masks, map(column.allowed.__getitem__, values)))
                if not any(masks):
                    return []
            if column.helps & possible:
                helps = list(map(or_, helps, map(column.helped.__getitem__, values)))
        width = len(self._rules)
        return self._confirmed(
            [mask & helped & helped >> width for mask, helped in zip(masks, helps, strict=True)], rows
        )

    def _outlook(self, rows: Rows) -> Outlook:
        """Work out what is known of all events with the key of these."""
        constants = rows.constants()
        possible, helped = self._everything, self._helped
        columns: list[tuple[str, Column]] = []
        for name, column in self._columns.items():
            if name in constants:
                allowed, helps = column.verdict(constants[name])
                possible &= allowed
                helped |= helps
            elif not rows.has(name):
                possible &= column.allowed[ABSENT]
            else:
                columns.append((name, column))
        live = [(name, column) for name, column in columns if possible & (column.demands | column.helps)]
        # Those first that can rule out the most, in the hope that the others need not be looked at.
        live.sort(key=lambda each: (possible & each[1].demands).bit_count(), reverse=True)
        if len(self._outlooks) >= MAX_OUTLOOKS:
            self._outlooks.clear()
        self._outlooks[rows.key] = outlook = Outlook(possible, helped, live)
        return outlook

    def _confirmed(self, masks: list[int], rows: Rows) -> Hits:
        """Return those of the candidates whose trees hold."""
        alike: dict[int, list[int]] = {}
        for index, mask in enumerate(masks):
            if mask:
                alike.setdefault(mask, []).append(index)
        waiting: dict[int, list[int]] = {}
        for mask, indexes in alike.items():
            left = mask
            while left:
                lowest = left & -left
                left ^= lowest
                waiting.setdefault(lowest.bit_length() - 1, []).extend(indexes)
        columns = Columns(rows)
        found: dict[int, list[int]] = {}
        for bit in sorted(waiting):
            rule = self._rules[bit]
            for index in rule.matching(waiting[bit], columns):
                found.setdefault(index, []).append(rule.number)
        return sorted(found.items())


class Columns(dict[str, Sequence[Value]]):
    """The fields of some events by name, each taken out when it is first asked for."""

    def __init__(self, rows: Rows) -> None:
        super().__init__()
        self.rows = rows
        self._constants = rows.constants()

    def __missing__(self, name: str) -> Sequence[Value]:
        if name in self._constants:
            column = [in_memory(self._constants[name])] * len(self.rows)
        elif self.rows.has(name):
            column = [in_memory(value) for value in self.rows.column(name)]
        else:
            column = [ABSENT] * len(self.rows)
        self[name] = column
        return column
