"""Sysmon for Linux, which writes its events into syslog and the journal as XML, with the fields that it has on Windows.

https://github.com/microsoft/SysmonForLinux. The usual layout is read by its looks, which is ten times as quick as the
XML parser; anything else goes to that.
"""

from __future__ import annotations

import re
from typing import Any
from xml.sax.saxutils import unescape

from tocsin.lab.sources.making_rows import xml_row
from tocsin.lab.sources.rows import Event, record_of
from tocsin.lab.sources.source import event
from tocsin.lab.sources.windows_event import NOT_AN_EVENT, utc
from tocsin.lab.sources.windows_xml import event_of

CHANNEL = "linux/sysmon"
USUAL = re.compile(
    r'<Event><System><Provider Name="(Linux-Sysmon)" Guid="[^"<&]{1,64}"/><EventID>(\d{1,5})</EventID>'
    r"<Version>\d{1,5}</Version><Level>(\d{1,3})</Level><Task>(\d{1,5})</Task><Opcode>(\d{1,5})</Opcode>"
    r'<Keywords>(0x[0-9a-fA-F]{1,16})</Keywords><TimeCreated SystemTime="([^"<&]{1,40})"/>'
    r"<EventRecordID>(\d{1,18})</EventRecordID><Correlation/>"
    r'<Execution ProcessID="(\d{1,10})" ThreadID="(\d{1,10})"/><Channel>([^<&]{1,64})</Channel>'
    r'<Computer>([^<&]{1,255})</Computer><Security UserId="([^"<&]{1,64})"/></System>'
    r'<EventData>((?:<Data Name="[^"<&\s]{1,64}">[^<\r\n]*</Data>){1,200})</EventData></Event>\s*',
    re.ASCII,
)
DATA = re.compile(r'<Data Name="([^"]*)">([^<]*)<')
ENTITY = re.compile(r"&(?!(?:lt|gt|amp|quot|apos);)|[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]")
"""What the parser has to see to: references by number, and what XML cannot hold."""
BROKEN_ENTITY = re.compile(r"&(lt|gt|amp|quot|apos)(?!;) ?")
"""Some collectors take semicolons out of messages, others put a blank in their place."""
BROKEN_TAG = re.compile(r"<[^>]{0,100}$")
CUT_OFF = "cut_off"
"""Says in `system` that a message ended before its event did; the fields that are there are given."""
QUOTES = {"&quot;": '"', "&apos;": "'"}


def sysmon_event(text: str) -> Event | None:
    """Return an event of Sysmon for Linux, None where a text is none."""
    text = BROKEN_ENTITY.sub(r"&\1;", text)
    found = USUAL.fullmatch(text)
    if found is None or ENTITY.search(text):
        return _parsed(text)
    provider, number, level, task, opcode, keywords, time, record, process, thread, channel, host, user, data = (
        found.groups()
    )
    fields: dict[str, Any] = {}
    for name, value in DATA.findall(data):
        fields.setdefault(name, unescape(value, QUOTES) if "&" in value else value)
    if any(value.isspace() for value in fields.values()):
        return _parsed(text)
    system = {
        "Provider_Name": provider, "EventID": int(number), "Level": int(level), "Task": int(task), "Opcode": int(opcode),
        "Keywords": keywords, "Channel": channel, "Computer": host, "Execution_ProcessID": int(process),
        "Execution_ThreadID": int(thread), "Security_UserId": user,
    }  # fmt: skip
    return event(CHANNEL, fields, time=utc(time), host=host, provider=provider, event_id=int(number),
                 record_id=int(record), system=system)  # fmt: skip


def _parsed(text: str) -> Event | None:
    whole = _closed(text)
    value = event_of(whole)
    try:
        record = None if value is None else record_of(xml_row(value["Event"]))
    except NOT_AN_EVENT:
        return None
    if record is None or not record.provider.endswith("Sysmon"):
        return None
    system = record.system if whole is text else record.system | {CUT_OFF: True}
    return event(CHANNEL, record.data, time=record.time, host=record.host, provider=record.provider,
                 event_id=record.event_id, record_id=record.record_id, system=system)  # fmt: skip


def _closed(text: str) -> str:
    """Return an event with its end, where syslog has cut it off."""
    if "</Event>" in text or "<EventData>" not in text:
        return text
    kept = BROKEN_TAG.sub("", text)
    end = "</Data>" if kept.rfind("<Data ") > kept.rfind("</Data>") else ""
    return f"{kept}{end}</EventData></Event>"
