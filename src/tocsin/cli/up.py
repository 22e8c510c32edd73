"""`tocsin up`: web, worker and clock in one go, with a one-time sign-in link."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import threading
import time
import urllib.request
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from tocsin.cli.boot import boot, who

if TYPE_CHECKING:
    from aiosmtpd.controller import Controller

READY_SECONDS = 60
GRACE_SECONDS = 10


def up(
    demo: Annotated[
        bool, typer.Option("--demo", help="Set up the example organization with a living incident.")
    ] = False,
    host: Annotated[str, typer.Option(help="Address to listen on.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(help="Port to listen on.")] = 8400,
    home: Annotated[Path | None, typer.Option(help="Home folder; default: TOCSIN_HOME.")] = None,
    web_workers: Annotated[
        int, typer.Option(min=1, help="Web processes; one or two unless said otherwise, as there are processors.")
    ] = min(2, os.cpu_count() or 1),
) -> None:
    """Start everything and print the address and a one-time sign-in link. Ctrl-C stops it.

    Example: [bold]tocsin up --demo[/bold]
    """
    _must_be_free(host, port)
    os.environ.setdefault("TOCSIN_BASE_URL", f"http://{host}:{port}")
    if demo:  # the example's people are invented: nothing goes out to anybody
        os.environ.setdefault("TOCSIN_HOLD_MESSAGES", "1")
    boot(home)
    _note_address()
    if demo:
        from tocsin.cli.demo import set_up

        set_up()
    environment = {**os.environ, "PYTHONUNBUFFERED": "1"}
    web = [sys.executable, "-m", "uvicorn", "tocsin.web.asgi:application", "--host", host, "--port", str(port),
           "--workers", str(web_workers), "--log-level", "warning", "--timeout-graceful-shutdown", "3"]  # fmt: skip
    worker = [
        sys.executable,
        "-m",
        "django",
        "db_worker",
        "--queue-name",
        "*",
        "--no-startup-delay",
        "--interval",
        "1",
        "--verbosity",
        "0",
    ]
    children = [subprocess.Popen(command, env=environment) for command in (web, worker)]
    stop = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda _number, _frame: stop.set())
    try:
        if _ready(f"http://{host}:{port}/healthy", children[0], stop):
            _greet()
            _tick_until(stop, children)
    finally:
        _end(children)
    if not stop.is_set():
        typer.secho("A part of Tocsin ended by itself; its last words stand above.", err=True, fg="red")
        raise typer.Exit(1)


def _must_be_free(host: str, port: int) -> None:
    """Stop with status 2 when somebody listens there already: the link would lead to another server."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError as error:
            typer.secho(f"{host}:{port} cannot be used: {error.strerror}. Does Tocsin run already? Else try --port.",
                        err=True, fg="red")  # fmt: skip
            raise typer.Exit(2) from error


def _note_address() -> None:
    from django.conf import settings

    settings.ADDRESS.write_text(settings.BASE_URL + "\n", encoding="ascii")


def _ready(url: str, web: subprocess.Popen[bytes], stop: threading.Event) -> bool:
    deadline = time.monotonic() + READY_SECONDS
    while time.monotonic() < deadline and web.poll() is None and not stop.is_set():
        try:
            with urllib.request.urlopen(url, timeout=1):  # noqa: S310  our own address
                return True
        except OSError:
            stop.wait(0.1)
    if web.poll() is None and not stop.is_set():
        typer.secho(f"{url} does not answer after {READY_SECONDS} s.", err=True, fg="red")
    return False


def _greet() -> None:
    from django.conf import settings

    from tocsin.core.access import Actor, OrgRole
    from tocsin.core.models import Grant, Organization
    from tocsin.people.actions import make_sign_in_link

    typer.echo(f"Tocsin runs on {settings.BASE_URL}")
    for organization in Organization.objects.all():
        first = Grant.objects.filter(chain=organization.id, role=OrgRole.ADMINISTRATOR).order_by("id").first()
        if first:
            secret = make_sign_in_link(Actor.system(f"{who()} (command line)"), organization, user=first.user)
            typer.echo(f"Sign in to {organization.name} as {first.user} (once, within 30 minutes):")
            typer.secho(f"  {settings.BASE_URL}/sign-in/{secret}", fg="green")
        else:
            typer.echo(
                f'{organization.name} has no administrator: tocsin sign-in you@example.org --invite "You" --role administrator'
            )
    if not Organization.objects.exists():
        typer.echo('No organization yet: tocsin plan init ./plan --name "Yours", then tocsin plan import ./plan')
    typer.echo("Ctrl-C stops it.")


def _tick_until(stop: threading.Event, children: list[subprocess.Popen[bytes]]) -> None:
    from tocsin.core import ticker

    over = threading.Event()
    door = _mail_door()
    thread = threading.Thread(target=ticker.run, args=(over,), name="ticker", daemon=True)
    thread.start()
    while not stop.wait(0.3) and all(c.poll() is None for c in children):
        pass
    over.set()
    if door:
        door.stop()
    thread.join(GRACE_SECONDS)


def _mail_door() -> Controller | None:
    """The SMTP server for alerts, where TOCSIN_MAIL_LISTEN asks for one; a sentence when it cannot be had."""
    from django.conf import settings

    if not settings.MAIL_LISTEN:
        return None
    from tocsin.alerts.maildrop import listen

    try:
        return listen(settings.MAIL_LISTEN)
    except (OSError, ValueError) as error:
        typer.secho(f"TOCSIN_MAIL_LISTEN={settings.MAIL_LISTEN} cannot be used: {error}", err=True, fg="red")
        return None


def _end(children: list[subprocess.Popen[bytes]]) -> None:
    for child in children:
        if child.poll() is None:
            child.terminate()
    for child in children:
        try:
            child.wait(GRACE_SECONDS)
        except subprocess.TimeoutExpired:
            child.kill()
            child.wait()
