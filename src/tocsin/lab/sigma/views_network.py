"""Give records of web servers, proxies and network sensors the names that Sigma's categories use for them.

Sigma's taxonomy takes its names for the web from the W3C extended log format (`cs-method`: client to server), those for
DNS and firewalls are its own. https://sigmahq.io/docs/basics/log-sources.html, W3C "Extended Log File Format";
names of sources after the documentation of Zeek, Suricata and IIS. A name that a record has already is left alone.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from tocsin.lab.record import Record

Names = Mapping[str, tuple[str, ...]]
"""Names that rules use, and for each those of sources, of which the first that a record has counts."""

WEB: Names = {
    "cs-method": ("method", "http.http_method", "http.method", "request_method", "verb"),
    "cs-host": ("host", "http.hostname", "http.host", "hostname", "vhost"),
    "cs-user-agent": ("cs(User-Agent)", "user_agent", "http.http_user_agent", "http.user_agent", "agent"),
    "cs-referer": ("cs(Referer)", "referrer", "referer", "http.http_refer", "http.referer"),
    "cs-cookie": ("cs(Cookie)", "cookie", "http.cookie"),
    "cs-username": ("username", "user", "remote_user", "auth"),
    "cs-content-type": ("content_type", "http.http_content_type"),
    "sc-status": ("status_code", "http.status", "status", "http.status_code"),
    "sc-bytes": ("response_body_len", "http.length", "bytes", "size"),
    "cs-bytes": ("request_body_len",),
    "src_ip": ("c-ip", "client", "client_ip", "remote_addr", "id.orig_h"),
    "dst_ip": ("s-ip", "r-ip", "server_ip", "id.resp_h", "dest_ip"),
    "dst_port": ("s-port", "id.resp_p", "dest_port"),
}
URI = ("uri", "http.url", "http.uri", "request_uri", "url", "path", "c-uri", "cs-uri")
DNS: Names = {
    "query": ("dns.rrname", "dns.queries.rrname", "dns.query.rrname", "name", "qname"),
    "record_type": ("qtype_name", "dns.rrtype", "dns.queries.rrtype", "dns.query.rrtype", "type", "qtype"),
    "answer": ("answers", "dns.answers.rdata", "dns.rdata", "rdata"),
    "src_ip": ("id.orig_h",),
    "dst_ip": ("id.resp_h", "dest_ip"),
}
FIREWALL: Names = {
    "src_ip": ("id.orig_h", "srcaddr", "SRC", "source_ip"),
    "src_port": ("id.orig_p", "srcport", "SPT", "source_port"),
    "dst_ip": ("id.resp_h", "dest_ip", "dstaddr", "DST", "destination_ip"),
    "dst_port": ("id.resp_p", "dest_port", "dstport", "DPT", "destination_port"),
    "action": ("alert.action", "drop.action", "verdict"),
}


def web(record: Record) -> dict[str, Any]:
    """Return a request for a web page under the names of Sigma's categories webserver and proxy."""
    fields = _named(record, WEB)
    if "cs-user-agent" in fields:
        fields.setdefault("c-useragent", fields["cs-user-agent"])
    uri = _uri(fields)
    if not uri:
        return fields
    path, mark, query = uri.partition("?")
    host = fields.get("cs-host")
    whole = [uri, f"http://{host}{uri}"] if isinstance(host, str) and uri.startswith("/") else uri
    fields.setdefault("c-uri", whole)
    fields.setdefault("cs-uri", whole)
    fields.setdefault("cs-uri-stem", path)
    # Rules for web servers look in the query for what may also stand in the path: they see both.
    fields["cs-uri-query"] = [query, uri] if mark else uri
    fields.setdefault("c-uri-query", query)
    stem, dot, extension = path.rpartition(".")
    if dot and stem and "/" not in extension:
        fields.setdefault("c-uri-extension", extension)
    return fields


def dns(record: Record) -> dict[str, Any]:
    """Return a question of DNS under the names of Sigma's category dns."""
    return _named(record, DNS)


def firewall(record: Record) -> dict[str, Any]:
    """Return a connection under the names of Sigma's category firewall."""
    return _named(record, FIREWALL)


def _named(record: Record, names: Names) -> dict[str, Any]:
    fields = {**record.system, **record.data}
    for name, originals in names.items():
        if name not in fields:
            original = next((each for each in originals if each in fields), None)
            if original is not None:
                fields[name] = fields[original]
    return fields


def _uri(fields: Mapping[str, Any]) -> str:
    """Return what was asked for, path and query; '' where it is not known."""
    stem = fields.get("cs-uri-stem")
    if isinstance(stem, str):
        query = fields.get("cs-uri-query")
        return f"{stem}?{query}" if isinstance(query, str) and query not in ("", "-") else stem
    found = next((fields[name] for name in URI if isinstance(fields.get(name), str)), "")
    return str(found)
