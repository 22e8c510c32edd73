"""A working day and night of the example organization: what its hosts log when nothing is wrong.

Some harmless things in it set off rules, as they do in every real house: an agent that encodes its script,
an old scanner that knows only weak tickets, an administrator at work.
"""

from __future__ import annotations

import base64
from collections.abc import Callable
from datetime import datetime, timedelta

from tocsin.example.windows import (
    AS_SYSTEM,
    DEFENDER,
    DOMAIN,
    SECURITY,
    SYSTEM,
    TASKS,
    Account,
    Host,
    Process,
    Scene,
    sid_of,
)

ENG = Host("HAL-ENG-114", "10.20.4.114")
JMP = Host("HAL-JMP-01", "10.20.1.20")
FS1 = Host("HAL-FS-01", "10.20.2.31")
FS3 = Host("HAL-FS-03", "10.20.2.33")
DC1 = Host("HAL-DC-01", "10.20.1.10")
DC2 = Host("HAL-DC-02", "10.20.1.11", sysmon=False)
HOSTS = (ENG, JMP, FS1, FS3, DC1, DC2)

STAFF = (
    "m.keller",
    "y.demir",
    "l.haddad",
    "d.fuentes",
    "o.melnyk",
    "k.boateng",
    "r.lindgren",
    "j.lund",
    "g.vogt",
)
DESKS = (
    "HAL-ENG-112",
    "HAL-ENG-113",
    "HAL-QA-021",
    "HAL-QA-024",
    "HAL-OFF-067",
    "HAL-OFF-081",
    "HAL-PLN-009",
)
SITES = (
    ("intranet.corp.halden.example", "10.20.3.15"),
    ("news.example.com", "192.0.2.21"),
    ("cad-licence.example.net", "192.0.2.77"),
    ("mail.example.com", "192.0.2.35"),
    ("weather.example.org", "192.0.2.140"),
)
AS_ENGINEER = Account(f"{DOMAIN}\\m.keller")

LSASS = Process(
    "C:\\Windows\\System32\\lsass.exe",
    "C:\\Windows\\system32\\lsass.exe",
    AS_SYSTEM,
    704,
    "{5f0c9a10-0704-6730-0b00-000000001a00}",
)
EXPLORER = "C:\\Windows\\explorer.exe"
CHROME = "C:\\Program Files\\Google\\Chrome\\Application\\chrome.exe"
OFFICE = "C:\\Program Files\\Microsoft Office\\root\\Office16\\"
DEFENDER_PLATFORM = "C:\\ProgramData\\Microsoft\\Windows Defender\\Platform\\4.18.24090.11-0\\"


SVCHOST = Process(
    "C:\\Windows\\System32\\svchost.exe",
    "C:\\Windows\\system32\\svchost.exe -k netsvcs -p",
    AS_SYSTEM,
    1484,
    "{5f0c9a10-05cc-6730-1a00-000000001a00}",
)
AGENT_IMAGE = "C:\\Program Files\\Common Files\\Halden\\agent.exe"
AGENT = Process(AGENT_IMAGE, f'"{AGENT_IMAGE}"', AS_SYSTEM, 2876, "{5f0c9a10-0b3c-6730-2900-000000001a00}")


def everyday(scene: Scene, start: datetime, count: int = 6000) -> None:
    """Add about `count` events of ordinary work over 24 hours from `start`."""
    habits: tuple[tuple[Callable[[Scene, datetime], None], int], ...] = (
        (_network_logon, 24),
        (_ticket, 22),
        (_service_noise, 10),
        (_browse, 12),
        (_office_work, 11),
        (_system_process, 13),
        (_defender_looks, 3),
        (_task_ran, 6),
        (_share_saved, 8),
        (_typing_error, 1),
        (_inventory_script, 3),
    )
    functions, weights = zip(*habits, strict=True)
    limit = len(scene.events) + count
    while len(scene.events) < limit:
        when = start + _moment(scene)
        scene.random.choices(functions, weights)[0](scene, when)
    _oddities(scene, start)


def _moment(scene: Scene) -> timedelta:
    """Two events of three fall into the working day, the first ten hours."""
    busy = scene.random.random() < 0.66
    low, high = (0.0, 10.0) if busy else (10.0, 23.9)
    return timedelta(seconds=scene.random.uniform(low, high) * 3600)


def _network_logon(scene: Scene, when: datetime) -> None:
    host = scene.random.choice((FS1, FS3, DC1, DC2, FS3, JMP))
    user = scene.random.choice((*STAFF, *(f"{desk}$" for desk in DESKS)))
    logon_id = scene.logon(when, host, user, 3, f"10.20.4.{scene.random.randrange(20, 200)}")
    if scene.random.random() < 0.6:
        scene.add(when + timedelta(seconds=scene.random.uniform(5, 900)), host, SECURITY, 4634, {
            "TargetUserSid": sid_of(user), "TargetUserName": user, "TargetDomainName": DOMAIN,
            "TargetLogonId": logon_id, "LogonType": "3",
        })  # fmt: skip


def _ticket(scene: Scene, when: datetime) -> None:
    host = scene.random.choice((DC1, DC2))
    service = scene.random.choice(("HAL-FS-01$", "HAL-FS-03$", "HAL-DC-01$", "krbtgt", "svc_erp", "svc_print"))
    scene.ticket(when, host, scene.random.choice(STAFF), service, f"10.20.4.{scene.random.randrange(20, 200)}")


def _service_noise(scene: Scene, when: datetime) -> None:
    host = scene.random.choice(HOSTS)
    name = scene.random.choice(
        (
            "Windows Update",
            "Background Intelligent Transfer Service",
            "Software Protection",
            "Windows Modules Installer",
            "Diagnostic Service Host",
        )
    )
    scene.add(when, host, SYSTEM, 7036, {"param1": name, "param2": scene.random.choice(("running", "stopped"))})
    if scene.random.random() < 0.4:
        scene.logon(when + timedelta(milliseconds=40), host, "SYSTEM", 5)


def _browse(scene: Scene, when: datetime) -> None:
    name, address = scene.random.choice(SITES)
    browser = Process(CHROME, f'"{CHROME}"', AS_ENGINEER, 5120, "{5f0c9a10-1400-6731-aa00-000000001a00}")
    scene.resolved(when, ENG, browser, name, address)
    scene.connected(when + timedelta(milliseconds=90), ENG, browser, address, 443, name)
    if scene.random.random() < 0.3:
        scene.process(when, ENG, CHROME, f'"{CHROME}" --type=renderer --lang=de', browser.account, browser)


def _office_work(scene: Scene, when: datetime) -> None:
    program, ending = scene.random.choice((("EXCEL.EXE", "xlsx"), ("WINWORD.EXE", "docx"), ("OUTLOOK.EXE", "tmp")))
    subject = scene.random.choice(("Rezeptur", "Pruefplan", "Linie_4", "Wartung", "Protokoll"))
    name = f"{subject}_{scene.random.randrange(400)}"
    folder = "C:\\Users\\m.keller\\Documents\\"
    parent = Process(EXPLORER, EXPLORER, AS_ENGINEER, 4312, "{5f0c9a10-1380-6731-a100-000000001a00}")
    app = scene.process(
        when, ENG, OFFICE + program, f'"{OFFICE}{program}" "{folder}{name}.{ending}"', parent.account, parent
    )
    scene.file_created(when + timedelta(seconds=40), ENG, app, f"{folder}{name}.{ending}")
    scene.registry_set(
        when + timedelta(seconds=41),
        ENG,
        app,
        "HKU\\S-1-5-21-2093117417\\Software\\Microsoft\\Office\\16.0\\Common\\Recent\\Item 1",
        name,
    )


def _system_process(scene: Scene, when: datetime) -> None:
    host = scene.random.choice(HOSTS)
    system32 = "C:\\Windows\\System32\\"
    image, line, parent = scene.random.choice(
        (
            (SVCHOST.image, SVCHOST.command_line + " -s Schedule", None),
            (system32 + "backgroundTaskHost.exe", "backgroundTaskHost.exe -ServerName:App", SVCHOST),
            (system32 + "taskhostw.exe", "taskhostw.exe KEYROAMING", SVCHOST),
            (system32 + "wbem\\WmiPrvSE.exe", "wmiprvse.exe -secured -Embedding", SVCHOST),
            (system32 + "conhost.exe", "\\??\\C:\\Windows\\system32\\conhost.exe 0xffffffff -ForceV1", AGENT),
            (AGENT.image, f"{AGENT.command_line} --beat", AGENT),
        )
    )
    scene.process(when, host, image, line, AS_SYSTEM, parent)


def _defender_looks(scene: Scene, when: datetime) -> None:
    host = scene.random.choice((ENG, JMP, FS1, FS3, DC1))
    engine = Process(DEFENDER_PLATFORM + "MsMpEng.exe", "-", AS_SYSTEM, 3044, "{5f0c9a10-0be4-6730-2d00-000000001a00}")
    scene.opened(when, host, engine, LSASS, "0x1410")
    scene.add(
        when,
        host,
        DEFENDER,
        1150,
        {"Product Name": "Microsoft Defender Antivirus", "Platform version": "4.18.24090.11"},
    )


def _task_ran(scene: Scene, when: datetime) -> None:
    host = scene.random.choice(HOSTS)
    name = scene.random.choice(
        ("\\Microsoft\\Windows\\Defrag\\ScheduledDefrag", "\\Halden\\Inventory", "\\Backup\\Nightly")
    )
    scene.add(when, host, TASKS, 200, {
        "TaskName": name, "ActionName": AGENT_IMAGE,
        "TaskInstanceId": scene.guid(), "EnginePID": "2112",
    })  # fmt: skip


def _share_saved(scene: Scene, when: datetime) -> None:
    host, share = scene.random.choice(((FS1, "D:\\Shares\\Quality\\"), (FS3, "D:\\Shares\\Engineering\\")))
    name = f"{scene.random.choice(('Linie', 'Ventil', 'Audit', 'Charge'))}_{scene.random.randrange(2000)}"
    system = Process("System", "-", AS_SYSTEM, 4, "{5f0c9a10-0004-6730-0100-000000001a00}")
    scene.file_created(when, host, system, f"{share}{name}.{scene.random.choice(('pdf', 'dwg', 'xlsx'))}")


def _typing_error(scene: Scene, when: datetime) -> None:
    scene.failed_logon(when, scene.random.choice((DC1, FS1)), scene.random.choice(STAFF), "10.20.4.87", "HAL-OFF-067")


def _inventory_script(scene: Scene, when: datetime) -> None:
    host = scene.random.choice((ENG, JMP, FS1, FS3, DC1, DC2))
    script = "C:\\Program Files\\Common Files\\Halden\\inventory.ps1"
    scene.process(
        when,
        host,
        "C:\\Windows\\System32\\WindowsPowerShell\\v1.0\\powershell.exe",
        f'powershell.exe -NoProfile -File "{script}"',
        AS_SYSTEM,
        AGENT,
    )
    scene.script_block(
        when + timedelta(seconds=1),
        host,
        "Get-CimInstance Win32_LogicalDisk | Select-Object DeviceID, FreeSpace | Export-Csv $Out",
        script,
    )


def _oddities(scene: Scene, start: datetime) -> None:
    """The handful of harmless things that rules point at."""
    at = start + timedelta(hours=2)
    shell = "C:\\Windows\\System32\\WindowsPowerShell\\v1.0\\powershell.exe"
    harmless = base64.b64encode("Get-Service spooler | Out-Null".encode("utf-16-le")).decode()
    for number, host in enumerate((FS1, FS3)):
        scene.process(
            at + timedelta(hours=number * 6),
            host,
            shell,
            f"powershell.exe -NoProfile -EncodedCommand {harmless}",
            AS_SYSTEM,
            AGENT,
        )
    scene.ticket(at + timedelta(minutes=50), DC2, "svc_scan", "svc_scanner", "10.20.6.9", "0x17")
    scene.failed_logon(at + timedelta(hours=1), DC1, "svc_label", "10.20.6.14", "HAL-PLN-009")
    scene.add(at + timedelta(hours=3), DC1, SECURITY, 4720, {
        "TargetUserName": "e.novak", "TargetDomainName": DOMAIN, "TargetSid": sid_of("e.novak"),
        "SubjectUserSid": sid_of("t.dlamini"), "SubjectUserName": "t.dlamini", "SubjectDomainName": DOMAIN,
        "SubjectLogonId": "0x8f21a", "PrivilegeList": "-", "SamAccountName": "e.novak",
        "DisplayName": "Eva Novak",
    })  # fmt: skip
    admin = Process(
        "C:\\Windows\\System32\\cmd.exe",
        "cmd.exe",
        Account(f"{DOMAIN}\\n.bergman", "High"),
        6120,
        scene.guid(),
    )
    scene.process(
        at + timedelta(hours=4),
        JMP,
        "C:\\Windows\\System32\\nltest.exe",
        "nltest /dsgetdc:corp.halden.example",
        admin.account,
        admin,
    )
    scene.logon(at + timedelta(hours=4, minutes=2), JMP, "n.bergman", 10, "10.20.4.31", "HAL-OFF-081")
    scene.service_installed(at + timedelta(hours=5), FS1, "Halden Agent", "AGENT_IMAGE")
