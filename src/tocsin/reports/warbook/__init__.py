"""The war-book: what one needs on paper when everything else is down, made from a plan alone or for an incident."""

from tocsin.reports.warbook.book import Issue, warbook
from tocsin.reports.warbook.printing import printed

__all__ = ["Issue", "printed", "warbook"]
