"""One webhook: a JSON object whose `text` chat tools show. It may fail; the night does not."""

from __future__ import annotations

import json
import threading
import urllib.error
import urllib.request
from collections.abc import Callable
from http.client import HTTPException, HTTPMessage
from typing import IO

from devbench.domain.codec import Json, to_json
from devbench.nightly.config import check_webhook
from devbench.nightly.night import Night
from devbench.nightly.words import headline, sentences

DEADLINE_S = 30.0
TRIES = 3
_MOST_TEXT = 3500


def payload(night: Night) -> dict[str, Json]:
    """`text` for people, `devbench` for programs. What phones and adb say may name serials, and is not in it."""
    lines = [headline(night), *(f"• {sentence}" for sentence in sentences(night))]
    text = "\n".join(lines)
    return {
        "text": text if len(text) <= _MOST_TEXT else text[: _MOST_TEXT - 1] + "…",
        "devbench": {
            "night": night.night,
            "exit_code": night.exit_code,
            "phones": night.phones,
            "jobs": night.jobs,
            "jobs_missing": night.jobs_missing,
            "run_ids": list(night.run_ids),
            "opened": [alert.alert for alert in night.opened],
            "alerts": [
                {
                    "alert": alert.alert, "night": alert.night, "changed": alert.changed, "ratio": alert.ratio,
                    "low": alert.low, "high": alert.high, "variants": to_json(alert.variants),
                    "devices": to_json(alert.devices),
                }
                for alert in night.alerts
            ],
        },
    }  # fmt: skip


def worth_telling(night: Night, *, always: bool) -> bool:
    """New or resolved alerts, and nights that could not do their work; of quiet ones only `always`."""
    trouble = night.jobs_missing or night.no_phone or night.notes or night.absent
    return always or bool(night.opened or night.resolved or trouble)


def post(
    url: str, body: dict[str, Json], *, deadline_s: float = DEADLINE_S, pause_s: float = 1.0
) -> str | None:
    """None once it was taken; else why not, in words that do not repeat the address, which is a secret."""
    check_webhook(url)
    result: list[str | None] = []
    gave_up = threading.Event()

    def work() -> None:
        result.append(_tries(url, json.dumps(body).encode(), deadline_s, pause_s, gave_up))

    thread = threading.Thread(
        target=work, name="webhook", daemon=True
    )  # a server that drips must not hold us
    thread.start()
    thread.join(deadline_s)
    gave_up.set()
    return result[0] if result else f"no answer within {deadline_s:.0f} s"


def _tries(url: str, data: bytes, deadline_s: float, pause_s: float, gave_up: threading.Event) -> str | None:
    opener = urllib.request.build_opener(_NoRedirect)
    why = None
    for attempt in range(TRIES):
        if attempt and gave_up.wait(pause_s * 2 ** (attempt - 1)):
            break
        request = urllib.request.Request(
            url, data=data, headers={"Content-Type": "application/json"}, method="POST"
        )
        why, again = _once(lambda r=request: opener.open(r, timeout=deadline_s).close())  # type: ignore[misc]
        if not again:
            break
    return why


def _once(send: Callable[[], None]) -> tuple[str | None, bool]:
    """Why it failed, and whether another try may help."""
    try:
        send()
    except urllib.error.HTTPError as error:
        error.close()
        return f"the server answered {error.code}", error.code >= 500 or error.code == 429
    except urllib.error.URLError as error:
        return f"the server cannot be reached: {error.reason}", True
    except (OSError, HTTPException) as error:
        return f"the connection broke: {type(error).__name__}", True
    return None, False


class _NoRedirect(urllib.request.HTTPRedirectHandler):
    """A redirect would send the text to an address nobody configured, as GET without it at that."""

    def redirect_request(
        self,
        req: urllib.request.Request,
        fp: IO[bytes],
        code: int,
        msg: str,
        headers: HTTPMessage,
        newurl: str,
    ) -> None:
        return None
