"""Django's settings, all of them from TOCSIN_* environment variables with defaults that work on a laptop."""

from __future__ import annotations

import logging
import os
import secrets
from ipaddress import ip_network
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, unquote, urlsplit

HERE = Path(__file__).resolve().parent
HOME = Path(os.environ.get("TOCSIN_HOME", "~/.local/share/tocsin")).expanduser().resolve()


def _secret() -> str:
    """The signing key: from the environment, or made once and kept in the home folder for its owner only."""
    if value := os.environ.get("TOCSIN_SECRET_KEY"):
        return value
    path = HOME / "secret-key"
    HOME.mkdir(parents=True, exist_ok=True, mode=0o700)
    try:
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        return path.read_text(encoding="ascii").strip()
    with os.fdopen(handle, "w", encoding="ascii") as file:
        file.write(value := secrets.token_urlsafe(50))
    return value


def _database(url: str) -> dict[str, Any]:
    """Django's database settings from a URL: sqlite:///PATH?timeout=SECONDS or postgresql://user:password@host:port/name?option=x."""
    parts = urlsplit(url)
    if parts.scheme == "sqlite":
        return {
            "ENGINE": "django.db.backends.sqlite3",
            "NAME": unquote(parts.path) if parts.path.startswith("//") else unquote(parts.path[1:]) or ":memory:",
            "CONN_MAX_AGE": 60,
            "OPTIONS": {
                # Writers queue up at BEGIN instead of failing half-way; a commit is on disk before it returns.
                "transaction_mode": "IMMEDIATE",
                "timeout": float(dict(parse_qsl(parts.query)).get("timeout", 30)),
                "init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; PRAGMA mmap_size=134217728;",
            },
        }
    if parts.scheme in ("postgres", "postgresql"):
        options: dict[str, Any] = dict(parse_qsl(parts.query))
        return {
            "ENGINE": "django.db.backends.postgresql",
            "NAME": unquote(parts.path[1:]),
            "USER": unquote(parts.username or ""),
            "PASSWORD": unquote(parts.password or ""),
            "HOST": parts.hostname or options.pop("host", ""),
            "PORT": str(parts.port or ""),
            "CONN_MAX_AGE": 60,
            "CONN_HEALTH_CHECKS": True,
            "OPTIONS": options,
        }
    raise ValueError(f"TOCSIN_DATABASE_URL: '{parts.scheme}' is not known; use sqlite:///PATH or postgresql://…")


SECRET_KEY = _secret()
DEBUG = False
ADDRESS = HOME / "address"
"""Where `tocsin up` notes the address it runs on, for commands that print links."""


def _base_url() -> str:
    noted = ADDRESS.read_text(encoding="ascii").strip() if ADDRESS.is_file() else "http://127.0.0.1:8400"
    return os.environ.get("TOCSIN_BASE_URL", noted).rstrip("/")


BASE_URL = _base_url()
ALLOWED_HOSTS = [h for h in os.environ.get("TOCSIN_ALLOWED_HOSTS", "127.0.0.1,localhost,[::1]").split(",") if h] + [
    urlsplit(BASE_URL).hostname or "localhost"
]
CSRF_TRUSTED_ORIGINS = [BASE_URL]

INSTALLED_APPS = [
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "django.contrib.humanize",
    "allauth",
    "allauth.account",
    "allauth.mfa",
    "django_tasks",
    "django_tasks_db",
    "tocsin.core",
    "tocsin.people",
    "tocsin.incidents",
    "tocsin.alerts",
    "tocsin.evidence",
    "tocsin.disclosure",
    "tocsin.comms",
    "tocsin.reports",
    "tocsin.web",
]
MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.locale.LocaleMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "allauth.account.middleware.AccountMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "tocsin.web.middleware.SecurityHeaders",
    "tocsin.web.middleware.LocalTime",
    "tocsin.web.middleware.Errors",
]
ROOT_URLCONF = "tocsin.web.urls"
ASGI_APPLICATION = "tocsin.web.asgi.application"
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [HERE / "web" / "templates"],  # before the rooms', so that ours go before allauth's
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "tocsin.web.context.shell",
            ],
        },
    },
]

DATABASES = {"default": _database(os.environ.get("TOCSIN_DATABASE_URL") or f"sqlite:///{HOME / 'tocsin.sqlite3'}")}


def _among_processes(folder: str) -> dict[str, Any]:
    """A cache that all web processes share: a folder beside SQLite, a table where there is PostgreSQL and perhaps several
    machines. Django throws a third away beyond 300 entries by default: counters of wrong codes with them.
    """
    options = {"MAX_ENTRIES": 5000}
    if DATABASES["default"]["ENGINE"].endswith("postgresql"):
        backend, place = "django.core.cache.backends.db.DatabaseCache", "web_shared"
    else:
        backend, place = "django.core.cache.backends.filebased.FileBasedCache", str(HOME / folder)
    return {"BACKEND": backend, "LOCATION": place, "KEY_PREFIX": folder, "OPTIONS": options}


CACHES = {
    # allauth keeps here which one-time codes were used and how often somebody tried to sign in: were it each process's
    # own, a code could be used once in every process.
    "default": _among_processes("sign-in"),
    # What web processes tell each other and nobody has to keep, such as who is looking.
    "shared": _among_processes("shared"),
    # What each process counts for itself.
    "local": {"BACKEND": "django.core.cache.backends.locmem.LocMemCache", "OPTIONS": {"MAX_ENTRIES": 2000}},
}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
STORE = Path(os.environ.get("TOCSIN_STORE", HOME / "store")).expanduser()
RULES = Path(os.environ.get("TOCSIN_RULES", HERE / "example" / "rules"))

AUTH_USER_MODEL = "people.User"
AUTHENTICATION_BACKENDS = [
    "django.contrib.auth.backends.ModelBackend",
    "allauth.account.auth_backends.AuthenticationBackend",
]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator", "OPTIONS": {"min_length": 12}},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
]
LOGIN_URL = "/sign-in"
LOGIN_REDIRECT_URL = "/"
CSRF_FAILURE_VIEW = "tocsin.web.views.errors.csrf_failed"
ACCOUNT_LOGIN_METHODS = {"email"}
ACCOUNT_SIGNUP_FIELDS = ["email*", "password1*"]
ACCOUNT_USER_MODEL_USERNAME_FIELD = None
ACCOUNT_EMAIL_VERIFICATION = "none"
ACCOUNT_ADAPTER = "tocsin.people.adapter.ClosedDoor"
MFA_SUPPORTED_TYPES = ["totp", "recovery_codes", "webauthn"]
MFA_PASSKEY_LOGIN_ENABLED = True
MFA_WEBAUTHN_ALLOW_INSECURE_ORIGIN = BASE_URL.startswith("http://")

SESSION_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = "Lax"
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = BASE_URL.startswith("https://")
SESSION_COOKIE_AGE = 12 * 3600
SECURE_CONTENT_TYPE_NOSNIFF = True
SECURE_REFERRER_POLICY = "same-origin"
X_FRAME_OPTIONS = "DENY"
DATA_UPLOAD_MAX_MEMORY_SIZE = 5 * 1024 * 1024
UPLOAD_LIMIT = int(os.environ.get("TOCSIN_UPLOAD_LIMIT") or 4 * 1024**3)
FILE_UPLOAD_TEMP_DIR = HOME / "tmp"  # large requests wait here, not on a /tmp that may be memory
FILE_UPLOAD_TEMP_DIR.mkdir(parents=True, exist_ok=True, mode=0o700)

TASKS = {"default": {"BACKEND": "django_tasks_db.DatabaseBackend", "QUEUES": ["default", "analysis"]}}

EMAIL_URL = os.environ.get("TOCSIN_SMTP_URL", "")
HOLD_MESSAGES = os.environ.get("TOCSIN_HOLD_MESSAGES", "") not in ("", "0")
"""Whether everything that would go outside is held back instead, as in a demonstration."""
MAIL_FROM = os.environ.get("TOCSIN_MAIL_FROM", "tocsin@localhost")
PRIVATE_HOSTS = frozenset(h.strip() for h in os.environ.get("TOCSIN_PRIVATE_HOSTS", "").split(",") if h.strip())
"""Hosts of the own network (name or name:port) that calendars may be fetched from, also without encryption."""
# Alerts by mail: a folder that is looked into, imaps://user:password@host/Folder?source=NAME, and an address to listen on.
MAIL_DROP = os.environ.get("TOCSIN_MAIL_DROP", "")
MAIL_LISTEN = os.environ.get("TOCSIN_MAIL_LISTEN", "")

WEBHOOK_NETWORKS = [
    ip_network(n.strip()) for n in os.environ.get("TOCSIN_WEBHOOK_NETWORKS", "").split(",") if n.strip()
]
"""Networks that webhooks may reach though they are not public, and over http: for example 10.1.0.0/16,127.0.0.1/32."""

LIST_CHANNELS = {s.strip().lower() for s in os.environ.get("TOCSIN_LIST_CHANNELS", "").split(",") if s.strip()}
"""Apprise schemes, beside mail, that a pasted list of recipients may name: for example ntfys,slack. None: mail alone,
because whoever may paste a list must not reach with it what only this server can reach."""

USE_TZ = True
TIME_ZONE = "UTC"
USE_I18N = True
LANGUAGE_CODE = "en"
LANGUAGES = [("en", "English")]
LOCALE_PATHS = [HERE / "locale"]

STATIC_URL = "/static/"
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {"BACKEND": "tocsin.web.storage.Stamped"},
}
WHITENOISE_USE_FINDERS = True
WHITENOISE_MAX_AGE = 3600


def _without_traceback(record: logging.LogRecord) -> bool:
    """Keep the line and drop the traceback: a stranger's wrong Host header is no defect of ours."""
    record.exc_info = record.exc_text = None
    return True


LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"plain": {"format": "%(asctime)s %(levelname)s %(name)s: %(message)s"}},
    "filters": {"no_traceback": {"()": "django.utils.log.CallbackFilter", "callback": _without_traceback}},
    "handlers": {"console": {"class": "logging.StreamHandler", "formatter": "plain"}},
    "loggers": {
        **{
            name: {"level": os.environ.get("TOCSIN_LOG_LEVEL", "ERROR")} for name in ("django_tasks", "django_tasks_db")
        },
        "django.security.DisallowedHost": {"filters": ["no_traceback"]},
    },
    "root": {"handlers": ["console"], "level": os.environ.get("TOCSIN_LOG_LEVEL", "WARNING")},
}
