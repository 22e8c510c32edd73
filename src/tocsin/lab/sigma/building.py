"""Build the compiled rules out of rule files: rules with filters and what a user brought along worked in, then the
correlations over them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any, TypeVar

from tocsin.lab.sigma.clauses import Necessities
from tocsin.lab.sigma.compiled import CompiledRules, Correlation, RefusedRule, RuleInfo, RuleSource
from tocsin.lab.sigma.documents import Document, documents_of, info_of
from tocsin.lab.sigma.logsources import Source, facts, sources_of
from tocsin.lab.sigma.preparing import Brought

if TYPE_CHECKING:
    from sigma.correlations import SigmaCorrelationRule
    from sigma.rule import SigmaRule

    from tocsin.lab.sigma.filters import Filter

Made = TypeVar("Made")
RuleFile = tuple[str, bytes]
"""A rule file's name as reports show it, and its content."""


class Builder:
    """Collects rules, and gives each that can match what the lab reads a number."""

    def __init__(self, brought: Brought) -> None:
        """Raises PreparationError where what a user brought along cannot be used."""
        # Late, here and below: pySigma takes a third of a second, which a cached start does not pay.
        from tocsin.lab.sigma.expression import AtomTable

        self._table = AtomTable()
        self._pipeline = brought.pipeline()
        self._rules: list[RuleInfo] = []
        self._nodes: list[Any] = []
        self._sources: dict[Source, list[int]] = {}
        self._logsources: dict[str, list[int]] = {}
        self._files_by_id: dict[str, str] = {}
        self._rejected: list[RefusedRule] = []
        self._not_assessable: list[RefusedRule] = []
        self._filters: list[Filter] = []
        self._numbers: dict[str, int] = {}
        self._why_not: dict[str, RefusedRule] = {}
        self._correlations: list[Correlation] = []
        self._silent: list[int] = []

    def add(self, rule_files: Sequence[RuleFile]) -> None:
        """Add the rules of some files; those that are about others may stand before them."""
        plain: list[Document] = []
        correlations: list[Document] = []
        for document in self.documents(rule_files):
            (correlations if "correlation" in document.content else plain).append(document)
        for document in plain:
            self._add_rule(document)
        self._note_filters()
        self._add_correlations(correlations)

    def documents(self, rule_files: Sequence[RuleFile]) -> list[Document]:
        """Return the rules and correlations in some files, and keep the filters."""
        documents: list[Document] = []
        for name, content in rule_files:
            found = documents_of(name, content)
            if isinstance(found, RefusedRule):
                self._rejected.append(found)
                continue
            for document in found:
                if "filter" in document.content:
                    self._add_filter(document)
                else:
                    documents.append(document)
        return documents

    def compiled(self) -> CompiledRules:
        """Return what was collected."""
        from tocsin.lab.sigma.compile import demand_atom

        sources = [
            RuleSource(source, demand_atom(*source.where, self._table) if source.where else None, rules)
            for source, rules in self._sources.items()
        ]
        known = facts()
        necessities = Necessities(self._table.atoms)
        return CompiledRules(
            rules=self._rules,
            nodes=self._nodes,
            necessities=[necessities.of(node) for node in self._nodes],
            atoms=self._table.atoms,
            sources=sources,
            provider_channels={name.lower(): channel.lower() for name, channel in known["provider_channels"].items()},
            collector_channels=[channel.lower() for channel in known["collector_channels"]],
            view_fields=known["view_fields"],
            rejected=self._rejected,
            not_assessable=self._not_assessable,
            correlations=self._correlations,
            silent=self._silent,
            filters=[each.note for each in self._filters],
            ids=[rule.id for rule in self._rules],
            logsources=self._logsources,
        )

    def _add_filter(self, document: Document) -> None:
        from tocsin.lab.sigma.filters import read_filter

        found = read_filter(document)
        if isinstance(found, RefusedRule):
            self._rejected.append(found)
        else:
            self._filters.append(found)

    def _note_filters(self) -> None:
        """Reject filters of rules that are not there: a filter that does nothing must not look as if it worked."""
        for each in self._filters:
            if each.wanted and not each.applied:
                reason = f"filter is for {', '.join(each.wanted)}, which is not among the rules with its log source"
                self._rejected.append(each.document.refused("filter", reason))

    def _add_rule(self, document: Document) -> None:
        if not isinstance(document.content.get("logsource"), dict):
            self._refuse(document, "logsource", "rule has no log source")
            return
        found = self._attempted(document, "detection", self._compiled_rule)
        if found is None:
            return
        rule, node = found
        source = rule.logsource
        sources = sources_of(*(_word(each) for each in (source.product, source.category, source.service)))
        if isinstance(sources, str):
            refused = document.refused("logsource", sources)
            self._not_assessable.append(refused)
            self._why_not.update(dict.fromkeys(document.names, refused))
            return
        info = info_of(document)
        if self._known_already(info, document):
            return
        for each in sources:
            self._sources.setdefault(each, []).append(len(self._rules))
        for name in document.names:
            self._numbers.setdefault(name, len(self._rules))
        named = " ".join(each for each in (source.product, source.category, source.service) if each)
        self._logsources.setdefault(named, []).append(len(self._rules))
        self._rules.append(info)
        self._nodes.append(node)

    def prepared(self, document: Document) -> SigmaRule:
        """Return a rule with filters and pipelines worked in. Raises SigmaError and what else pySigma raises."""
        from sigma.rule import SigmaRule

        rule = SigmaRule.from_dict(document.content)
        for each in self._filters:
            each.apply(rule, document)
        if self._pipeline is not None:
            self._pipeline.apply(rule)
        return rule

    def _compiled_rule(self, document: Document) -> tuple[SigmaRule, Any]:
        from tocsin.lab.sigma.compile import compile_rule

        rule = self.prepared(document)
        return rule, compile_rule(rule, self._table)

    def _add_correlations(self, documents: Sequence[Document]) -> None:
        """Add correlations, those first that others are about."""
        from_pysigma: list[tuple[Document, SigmaCorrelationRule]] = []
        for document in documents:
            rule = self._attempted(document, "correlation", self._parsed_correlation)
            if rule is not None:
                from_pysigma.append((document, rule))
        waiting, added = from_pysigma, True
        generating: set[int] = set()
        while waiting and added:
            later = [each for each in waiting if not self._add_correlation(*each, generating)]
            added, waiting = len(later) < len(waiting), later
        for document, rule in waiting:
            self._refuse_for_want(document, rule)
        fed = {number for each in self._correlations for number in each.rules} - generating
        rules = len(self._rules)
        self._silent = sorted(number for number in fed if number < rules)
        self._correlations = [
            replace(each, silent=rules + index in fed) for index, each in enumerate(self._correlations)
        ]

    def _parsed_correlation(self, document: Document) -> SigmaCorrelationRule:
        from tocsin.lab.sigma.correlations.loading import parsed

        rule = parsed(document.content)
        if self._pipeline is not None:
            self._pipeline.apply(rule)
        return rule

    def _add_correlation(self, document: Document, rule: SigmaCorrelationRule, generating: set[int]) -> bool:
        """Add a correlation if all that it is about has been; tell whether it is done with."""
        from tocsin.lab.sigma.correlations.loading import compiled, references_of

        if not set(references_of(rule)) <= set(self._numbers):
            return False
        info = info_of(document)
        if self._known_already(info, document):
            return True
        made = self._attempted(document, "correlation", lambda each: compiled(rule, each.content, info, self._numbers))
        if made is not None:
            if rule.generate:
                generating.update(made.rules)
            for name in document.names:
                self._numbers.setdefault(name, len(self._rules) + len(self._correlations))
            self._correlations.append(made)
        return True

    def _refuse_for_want(self, document: Document, rule: SigmaCorrelationRule) -> None:
        """Refuse a correlation that is about a rule which is not there, or not used."""
        from tocsin.lab.sigma.correlations.loading import references_of

        missing = [name for name in references_of(rule) if name not in self._numbers]
        why = next((self._why_not[name] for name in missing if name in self._why_not), None)
        if why is None:
            reason = f"refers to {', '.join(missing)}, which is not among the rules or refers to this one"
            self._refuse(document, "correlation", reason)
            return
        refused = document.refused("correlation", f"refers to rule {why.rule_id}, which is not used: {why.reason}")
        (self._not_assessable if why in self._not_assessable else self._rejected).append(refused)

    def _attempted(self, document: Document, key: str, make: Callable[[Document], Made]) -> Made | None:
        """Return what is made of a document; None where that fails, and the document is refused."""
        from sigma.exceptions import SigmaError

        from tocsin.lab.sigma.compile import NotSupportedError
        from tocsin.lab.sigma.correlations.loading import NoCorrelationError

        kind = "correlation rule" if key == "correlation" else "Sigma rule"
        try:
            return make(document)
        except (NotSupportedError, NoCorrelationError) as error:
            self._refuse(document, key, str(error))
        except SigmaError as error:
            where = "condition" if "ondition" in type(error).__name__ else key
            self._refuse(document, where, f"not a valid {kind}: {error}")
        except (ValueError, TypeError, AttributeError, KeyError, RecursionError) as error:
            # pySigma stumbles over some malformed rules without naming what is wrong.
            self._refuse(document, key, f"not a valid {kind}: {type(error).__name__}: {error}")
        return None

    def _known_already(self, info: RuleInfo, document: Document) -> bool:
        """Tell whether there is a rule with this id, and refuse the second one."""
        known = self._files_by_id.get(info.id)
        if known is None:
            self._files_by_id[info.id] = document.file
            return False
        self._refuse(document, "id", f"same id as the rule in {known}")
        return True

    def _refuse(self, document: Document, key: str, reason: str) -> None:
        refused = document.refused(key, reason)
        self._rejected.append(refused)
        for name in document.names:
            self._why_not.setdefault(name, refused)


def _word(value: Any) -> str | None:
    return str(value).lower() if value else None
