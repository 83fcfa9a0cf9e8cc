"""The peer of bench/send_queue.py: django-post_office, run in its own virtual environment. Prints one line of JSON: seconds by phase, CPU, peak RSS.

python bench/send_queue_peer.py DATABASE_URL PORT COUNT default|best
"""

from __future__ import annotations

import json
import logging
import resource
import sys
import time
from urllib.parse import urlsplit

TEXT = "Guten Tag, Ihre Bestellung wurde heute verschickt. Viele Gruesse.\n" * 28
VARIANTS = {
    "default": {"THREADS_PER_PROCESS": 5, "BATCH_SIZE": 100, "LOG_LEVEL": 2},
    "best": {"THREADS_PER_PROCESS": 2, "BATCH_SIZE": 5000, "LOG_LEVEL": 0},
}
PROCESSES = {"default": 1, "best": 4}


def database(url: str) -> dict[str, object]:
    parts = urlsplit(url)
    if parts.scheme == "sqlite":
        return {
            "ENGINE": "django.db.backends.sqlite3",
            "NAME": parts.path[1:],
            "OPTIONS": {
                "timeout": 60,
                "transaction_mode": "IMMEDIATE",
                "init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL",
            },
        }
    return {
        "ENGINE": "django.db.backends.postgresql",
        "NAME": parts.path[1:],
        "USER": parts.username,
        "HOST": parts.hostname,
        "PORT": parts.port or "",
    }


def main() -> None:
    url, port, count, variant = sys.argv[1], int(sys.argv[2]), int(sys.argv[3]), sys.argv[4]
    from django.conf import settings

    settings.configure(
        DATABASES={"default": database(url)},
        INSTALLED_APPS=["django.contrib.contenttypes", "django.contrib.auth", "post_office"],
        EMAIL_BACKEND="post_office.EmailBackend",
        EMAIL_HOST="127.0.0.1",
        EMAIL_PORT=port,
        POST_OFFICE={
            "BACKENDS": {"default": "django.core.mail.backends.smtp.EmailBackend"},
            **VARIANTS[variant],
        },
        DEFAULT_AUTO_FIELD="django.db.models.BigAutoField",
        TEMPLATES=[{"BACKEND": "django.template.backends.django.DjangoTemplates"}],
        USE_TZ=True,
        LOGGING_CONFIG=None,
    )
    logging.disable(logging.CRITICAL)
    import django

    django.setup()
    from django.core.management import call_command
    from django.db import connections
    from post_office import mail
    from post_office.models import STATUS, Email

    call_command("migrate", verbosity=0)
    drafts = [
        {
            "sender": "Ann <ann@example.org>",
            "recipients": [f"u{n}@example.com"],
            "subject": "Ihre Bestellung",
            "message": f"{TEXT}{n}",
        }
        for n in range(count)
    ]
    began = time.perf_counter()
    mail.send_many(drafts)
    queued = time.perf_counter() - began
    connections.close_all()
    before = _cpu()
    began = time.perf_counter()
    mail.send_queued_mail_until_done(processes=PROCESSES[variant], log_level=VARIANTS[variant]["LOG_LEVEL"])
    sent = time.perf_counter() - began
    done = Email.objects.filter(status=STATUS.sent).count()
    rss = max(resource.getrusage(who).ru_maxrss for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)) // 1024
    print(json.dumps({"queued": queued, "sent": sent, "done": done, "cpu": _cpu() - before, "rss": rss}))


def _cpu() -> float:
    total = 0.0
    for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN):
        used = resource.getrusage(who)
        total += used.ru_utime + used.ru_stime
    return total


if __name__ == "__main__":
    main()
