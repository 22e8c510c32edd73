"""What the room does by itself: it looks into the mail folder."""

from __future__ import annotations

import logging

from django.conf import settings

from tocsin.alerts.maildrop import DropError, look
from tocsin.core.ticker import every

logger = logging.getLogger(__name__)
LOOK_SECONDS = 30


@every(LOOK_SECONDS)
def look_into_the_mail_folder() -> object:
    """Take in what lies in the mail folder of TOCSIN_MAIL_DROP; nothing where it is not set."""
    if not settings.MAIL_DROP:
        return None
    try:
        return look()
    except DropError as error:
        logger.error("alerts by mail: %s", error)  # noqa: TRY400  said in a sentence; a traceback would show the address
        return None
