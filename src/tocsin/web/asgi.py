"""How a server starts Tocsin: uvicorn tocsin.web.asgi:application."""

from __future__ import annotations

import gc
import os
import warnings
from pathlib import Path

import django

# Django reads a file or a log that it streams into memory first. Ours are small, and it would say so at each of them.
warnings.filterwarnings("ignore", message="StreamingHttpResponse must consume synchronous iterators")
os.environ.setdefault("DJANGO_SETTINGS_MODULE", "tocsin.settings")
django.setup(set_prefix=False)  # first: what follows needs Django's models

from django.conf import settings  # noqa: E402
from django.urls import get_resolver  # noqa: E402

from tocsin.web.intake import AlertLane  # noqa: E402
from tocsin.web.limits import BodyLimit  # noqa: E402
from tocsin.web.serving import Server  # noqa: E402
from tocsin.web.streams import EventStreams  # noqa: E402

Path(settings.FILE_UPLOAD_TEMP_DIR).mkdir(parents=True, exist_ok=True, mode=0o700)
application = EventStreams(BodyLimit(AlertLane(Server())))

get_resolver().url_patterns  # noqa: B018  all that pages import, now instead of at the first request
# What lives as long as the process is not searched for garbage again and again, and a page's 100,000 objects no more
# than a few times: a full search stops everybody for a twentieth of a second.
gc.collect()
gc.freeze()
gc.set_threshold(20_000, 20, 50)
