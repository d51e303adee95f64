"""A Maven repository on loopback, so that fetching is tried over real HTTP without any network."""

from __future__ import annotations

import gc
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest


@dataclass
class Repository:
    """Serves the files below `folder`; `cut_at` ends every answer after so many bytes. Counts what was asked."""

    folder: Path
    url: str = ""
    cut_at: int | None = None
    asked: list[str] = field(default_factory=list)

    def archives_asked(self) -> int:
        return sum(path.endswith(".aar") for path in self.asked)


@pytest.fixture
def repository(tmp_path: Path) -> Iterator[Repository]:
    served = Repository(folder=tmp_path / "maven")

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            served.asked.append(self.path)
            path = served.folder / self.path.removeprefix("/maven2/")
            if not path.is_file():
                self.send_error(404)
                return
            data = path.read_bytes()
            self.send_response(200)
            self.send_header("Content-Length", str(len(data)))
            self.end_headers()
            self.wfile.write(data[: served.cut_at])

        def log_message(self, format: str, *args: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    served.url = f"http://127.0.0.1:{server.server_port}/maven2"
    yield served
    server.shutdown()
    thread.join()
    server.server_close()
    # jgo does not close the answers it gives up on; collect them here, where tests ignore that warning
    gc.collect()
