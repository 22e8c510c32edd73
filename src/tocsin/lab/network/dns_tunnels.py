"""DNS tunnels: data carried in names that are asked for under one domain, and in the answers.

A tunnel codes what it sends into sub-domains, so each name is new, long and looks like noise, and it likes record types
whose answers hold much (TXT, NULL, CNAME, MX). The registered domain (example.co.uk) is what its owner bought; the
public suffix list says where it begins. Under suffixes that the list knows with three labels or more below a domain
of two (compute.amazonaws.com), all customers count as one domain.
"""

from __future__ import annotations

import math
from collections import Counter
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from tocsin.lab.analyses.answer import Answer, Confidence, Proof, Proposal, Reason, moment, size_words, time_words
from tocsin.lab.indicators.hosts import suffixes
from tocsin.lab.lake import Lake
from tocsin.lab.network.flows import known_dns

DNS_CHANNELS = ("zeek/dns", "pcap/dns", "suricata/dns", "dns server", "microsoft-windows-dns-server/analytical")
"""Logs of which each record is a question or its answer."""
DNS_CODES = {
    "microsoft-windows-sysmon/operational": "22",
    "linux/sysmon": "22",
    "microsoft-windows-dns-client/operational": "3006",
    "microsoft-windows-dns client events/operational": "3006",
}
"""Host logs of which the records with this code are questions."""
TYPE_FIELDS = ("qtype_name", "qtype", "rrtype", "dns.rrtype", "QueryType", "QTYPE", "query_type")
"""Own fields that say the type of record asked for, as a name or a number."""
CARRIERS = ("TXT", "NULL", "CNAME", "MX", "SRV", "KEY", "DNSKEY", "PRIVATE", "16", "10", "5", "15", "33", "25", "48")
"""Record types whose answers carry much, by name and number (IANA DNS parameters)."""
LOCAL = (".arpa", ".local", ".localdomain", ".lan", ".internal", ".home", ".corp")
"""Ends of names that never leave the house, and of reverse lookups, which have a name for each address."""
SAMPLE = 1_000
"""Names of a domain that entropy and lengths of labels are taken from; chosen by hash, so the same in each run."""


@dataclass(frozen=True, slots=True)
class TunnelLimits:
    """What counts as a sign, each with its reason. `names` must hold, and at least two of the other signs."""

    names: int = 100
    """Different names under the domain: a web site has a dozen; a tunnel needs one for each 100 bytes or so."""
    fresh: float = 0.7
    """Different names for each question: caches make honest names repeat, a tunnel's never do."""
    label: float = 30.0
    """Characters of the longest label on average: words are shorter; coded data fills up to 63."""
    entropy: float = 3.6
    """Bits a character of the sub-domains on average: English words have about 2.5, hexadecimal digits up to 4, base32
    up to 5; short labels have less."""
    carriers: float = 0.3
    """Share of questions for record types that carry much: clients ask for addresses."""
    volume: int = 20_000
    """Characters in the sub-domains together: what the names could carry, in bytes or a bit less."""


@dataclass(frozen=True, slots=True)
class Tunnel:
    """Questions for names under one registered domain from one source, with what was measured."""

    src: str
    """The client's address, or the host's name where its own log tells."""
    domain: str
    queries: int
    names: int
    fresh: float
    label: float
    entropy: float
    carriers: float | None
    """None where no record says what type was asked for."""
    volume: int
    signs: tuple[Reason, ...]
    examples: tuple[str, ...]
    harmless: str | None
    first: datetime | None
    last: datetime | None
    proof: Proof

    @property
    def proposal(self) -> Proposal:
        """The finding that this supports."""
        confidence: Confidence = "low" if self.harmless else "high" if len(self.signs) >= 5 else "moderate"
        return Proposal(
            key=f"dns:{self.src}>{self.domain}",
            analysis="DNS tunnelling",
            claim=f"{self.src} asked for {self.names:,} different names under {self.domain} from "
            f"{time_words(self.first)} to {time_words(self.last)}, which could carry {size_words(self.volume)}",
            reasons=self.signs,
            confidence=confidence,
            techniques=("T1071.004", "T1048.003"),
            proof=self.proof,
            hosts=(self.src,),
            first=self.first,
            last=self.last,
            doubts=(self.harmless,) if self.harmless else (),
        )


def dns_tunnels(lake: Lake, *, query: str = "", limits: TunnelLimits | None = None, limit: int = 100) -> Answer[Tunnel]:
    """Return signs of DNS tunnels, those without a harmless explanation and with the most signs first.

    Reverse lookups and local names are left out. Encrypted DNS is not seen; where all clients ask one resolver, and
    the log was taken behind it, the source is the resolver. Raises QueryError, LakeError.
    """
    limits = limits or TunnelLimits()
    tails, owners, considered = _registered(lake, query, limits)
    if not tails:
        return Answer((), 0, considered)
    rows = _measured(lake, query, {"tails": tails, "owners": owners, "names": limits.names, "sample": SAMPLE})
    found = [tunnel for row in rows if (tunnel := _judged(row, limits)) is not None]
    found.sort(key=lambda one: (one.harmless is not None, -len(one.signs), -one.names, one.src, one.domain))
    return Answer(tuple(found[:limit]), len(found), considered)


def _questions_sql() -> str:
    channels = ", ".join(f"'{channel}'" for channel in DNS_CHANNELS)
    codes = " or ".join(f"(lower(channel) = '{channel}' and code = '{code}')" for channel, code in DNS_CODES.items())
    local = " or ".join(f"ends_with(domain, '{end}')" for end in LOCAL)
    return f"""
        questions as not materialized (
            select *, coalesce(src_address, host_name, '?') as client,
                array_to_string(string_split(domain, '.')[-2:], '.') as tail2,
                array_to_string(string_split(domain, '.')[-5:], '.') as tail5
            from events where domain is not null and contains(domain, '.') and length(domain) <= 255
                and (lower(channel) in ({channels}) or {codes}) and not ({local})
        )
    """  # noqa: S608 - our own words only


COLUMNS = ("time", "item", "seq", "channel", "code", "host_name", "src_address", "domain")


def _registered(lake: Lake, query: str, limits: TunnelLimits) -> tuple[list[str], list[str], int]:
    """Return ends of names (of two labels, or of five under a public suffix) and the registered domain of each, for
    those with enough names; and how many questions there are."""
    values = {"names": limits.names}
    ends = lake.select(
        f", {_questions_sql()} select tail2, count(distinct hash(domain)) as n, sum(count(*)) over () from questions "  # noqa: S608
        "group by 1 qualify n >= $names or row_number() over () = 1",
        COLUMNS,
        query=query,
        values=values,
    )
    known = suffixes()
    busy = [end for end, names, _ in ends if names >= limits.names]
    public = [end for end in busy if known.publicsuffix(end) == end]
    tails = [end for end in busy if end not in set(public)]
    owners = list(tails)
    if public:
        deeper = lake.select(
            f", {_questions_sql()} select distinct tail5 from questions where tail2 in (select unnest($public))",  # noqa: S608
            COLUMNS,
            query=query,
            values={"public": public},
        )
        for (end,) in deeper:
            tails.append(end)
            owners.append(known.privatesuffix(end) or end)
    return tails, owners, int(ends[0][2]) if ends else 0


def _measured(lake: Lake, query: str, values: dict[str, Any]) -> list[tuple[Any, ...]]:
    types = {name: f"type{place}" for place, name in enumerate(TYPE_FIELDS)}
    carriers = ", ".join(f"'{name}'" for name in CARRIERS)
    return lake.select(
        f"""
        , {_questions_sql()},
        owned as materialized (select unnest($tails) as tail, unnest($owners) as owner),
        asked as not materialized (
            select questions.*, owner, left(domain, greatest(0, length(domain) - length(owner) - 1)) as part,
                upper(coalesce({", ".join(types.values())})) as kind
            from questions join owned on tail = tail2 or tail = tail5
        )
        select client, owner, count(*), count(distinct hash(part)) as names, avg(length(part)),
            count(kind), count(*) filter (kind in ({carriers})), min_by(distinct part, hash(part), $sample),
            epoch_us(min(time)), epoch_us(max(time)), min_by(item || '.' || seq, time, 12)
        from asked where part <> '' group by 1, 2 having names >= $names
        """,  # noqa: S608 - our own words only
        COLUMNS,
        fields=types,
        query=query,
        values=values,
    )


def _judged(row: tuple[Any, ...], limits: TunnelLimits) -> Tunnel | None:
    client, owner, queries, names, mean, typed, carrying, sample, first, last, events = row
    fresh, volume = names / queries, int(names * mean)
    label = sum(max(len(piece) for piece in name.split(".")) for name in sample) / len(sample)
    entropy = sum(map(entropy_of, sample)) / len(sample)
    carriers = carrying / typed if typed else None
    signs = _signs(limits, names, fresh, label, entropy, carriers, volume)
    if len(signs) < 3:
        return None
    known = known_dns(owner)
    return Tunnel(
        client,
        owner,
        queries,
        names,
        fresh,
        label,
        entropy,
        carriers,
        volume,
        signs,
        tuple(f"{name}.{owner}" for name in sample[:3]),
        known.words if known else None,
        moment(first),
        moment(last),
        Proof.of(events, queries),
    )


def _signs(
    limits: TunnelLimits, names: int, fresh: float, label: float, entropy: float, carriers: float | None, volume: int
) -> tuple[Reason, ...]:
    """Return the measures that reach their limits; how many names there are always does."""
    measured: list[tuple[str, float | None, str, float, str]] = [
        ("names", names, "", limits.names, f"{names:,} different names were asked for."),
        ("fresh", fresh, "", limits.fresh, f"{fresh:.0%} of the questions were for a name not asked for before."),
        ("label", label, "characters", limits.label, f"The longest label has {label:.0f} characters on average."),
        ("entropy", entropy, "bits", limits.entropy, f"The names look random: {entropy:.2f} bits a character."),
        (
            "carriers",
            carriers,
            "",
            limits.carriers,
            f"{carriers or 0:.0%} of the questions were for record types that carry much, such as TXT.",
        ),
        ("volume", volume, "characters", limits.volume, f"The names together have {volume:,} characters."),
    ]
    return tuple(
        Reason(name, round(value, 3), unit, threshold, words)
        for name, value, unit, threshold, words in measured
        if value is not None and value >= threshold
    )


def entropy_of(text: str) -> float:
    """Return the Shannon entropy of a text without its dots, in bits a character."""
    letters = text.replace(".", "")
    counts = Counter(letters)
    return -sum(n / len(letters) * math.log2(n / len(letters)) for n in counts.values()) if letters else 0.0
