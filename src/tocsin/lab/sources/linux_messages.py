"""Messages of Linux programs, however they were carried (syslog, the journal, a collector): which log they belong to,
and what those about sign-ins, commands and accounts say in fields.

A message that none of the forms in linux_messages.yaml fits stays whole; so does one that does.
"""

from __future__ import annotations

import re
from functools import cache
from importlib.resources import files
from typing import Any, NamedTuple

import yaml

from tocsin.lab.sources.auditd import audit_event
from tocsin.lab.sources.linux_sysmon import sysmon_event
from tocsin.lab.sources.rows import Event
from tocsin.lab.sources.source import event

SYSLOG, AUTH, CRON = "linux/syslog", "linux/auth", "linux/cron"
CHANNELS = dict.fromkeys(("sshd", "sshd-session", "sshd-auth", "sudo", "su", "login", "useradd", "userdel", "usermod",
                          "groupadd", "groupdel", "groupmod", "newusers", "adduser", "passwd", "chpasswd", "chage",
                          "gpasswd", "newgrp", "chsh", "chfn", "systemd-logind", "polkitd", "pkexec", "gdm-password",
                          "lightdm", "doas", "xrdp-sesman", "unix_chkpwd", "pam_unix", "dropbear", "vsftpd"), AUTH)  # fmt: skip
CHANNELS |= dict.fromkeys(("cron", "crond", "anacron", "crontab", "fcron", "atd"), CRON)
"""Which log the messages of a program belong to; those of all others to syslog."""
AUDIT = frozenset({"", "audit", "auditd", "audispd", "audisp-syslog", "auoms", "kernel"})
KERNEL_MARK = re.compile(r"^(?:\[ *\d{1,10}\.\d{1,9}\] )?(?:audit: )?", re.ASCII)
"""What the kernel writes before a message: seconds since it began, and that it is one for the audit daemon."""
PACKET = re.compile(r"(?<!\S)([A-Z]{2,8})=(\S*)", re.ASCII)
PACKET_MARKS = (" SRC=", " DST=")
VERDICTS = (("BLOCK", "block"), ("DROP", "block"), ("REJECT", "block"), ("DENY", "block"), ("ALLOW", "allow"),
            ("ACCEPT", "allow"))  # fmt: skip
MAX_TOLD = 8_192
"""Characters of a message that are looked at for what it says."""


class Form(NamedTuple):
    """How messages of a kind look, and what was done and how it ended."""

    fields: dict[str, str]
    pattern: re.Pattern[str]


@cache
def forms() -> dict[str, tuple[Form, ...]]:
    """Return the forms of the messages of each program, those of any program under ''."""
    text = files(__package__).joinpath("linux_messages.yaml").read_text(encoding="utf-8")
    found: dict[str, tuple[Form, ...]] = {}
    for group in yaml.safe_load(text):
        made = tuple(
            Form({name: entry[name] for name in ("action", "status") if name in entry}, re.compile(entry["form"]))
            for entry in group["forms"]
        )
        for program in group.get("programs", ("",)):
            found[program] = found.get(program, ()) + made
    return found


def message_event(
    message: str,
    *,
    time: str,
    host: str = "",
    program: str = "",
    pid: str = "",
    system: dict[str, Any] | None = None,
    more: dict[str, Any] | None = None,
) -> Event:
    """Return the event of a message that a program wrote; `more` are further fields that came with it."""
    name = program.rpartition("/")[2].lower()
    if message.startswith("<Event>"):
        found = sysmon_event(message)
        if found is not None:
            return found
    if name in AUDIT:
        found = audit_event(KERNEL_MARK.sub("", message.strip(), count=1), host)
        if found is not None:
            return found
    channel = CHANNELS.get(name, SYSLOG)
    fields: dict[str, Any] = {"program": program, "message": message}
    if pid:
        fields["pid"] = pid
    if channel is not SYSLOG:
        fields |= told(name, message)
    elif name == "kernel" and all(mark in message for mark in PACKET_MARKS):
        channel = "linux/firewall"
        fields |= packet(message)
    if more:
        fields |= more
    return event(channel, fields, time=time, host=host, provider=program, system=system)


def told(program: str, message: str) -> dict[str, Any]:
    """Return in fields what a program's message about a sign-in, a command or an account says; {} where no form fits."""
    known = forms()
    text = message[:MAX_TOLD]
    for form in known.get(program, ()) + known[""]:
        found = form.pattern.match(text)
        if found:
            return form.fields | {name: item for name, item in found.groupdict().items() if item}
    return {}


def packet(message: str) -> dict[str, Any]:
    """Return the fields of a packet that the kernel's firewall (iptables, nftables, ufw) wrote of."""
    fields: dict[str, Any] = {}
    for name, value in PACKET.findall(message[:MAX_TOLD]):
        if value:
            fields.setdefault(name, value)
    prefix = message.partition("IN=")[0].upper()
    action = next((action for word, action in VERDICTS if word in prefix), "")
    return fields | ({"action": action} if action else {})
