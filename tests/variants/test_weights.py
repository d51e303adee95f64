"""ImageNet weights are used when Keras has them, said to be missing when not, and fetched only when asked."""

from __future__ import annotations

import http.server
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from devbench.errors import ModelError
from devbench.variants.source import load_source
from devbench.variants.weights import Pretrained, choose_weights, download_weights

PRETRAINED = Pretrained(file="some.h5", url="http://example.invalid/some.h5")


def test_seeded_is_what_was_asked_for() -> None:
    assert choose_weights("seeded", PRETRAINED, Path("/nowhere")).note is None


def test_weights_in_the_cache_are_used(tmp_path: Path) -> None:
    (tmp_path / "some.h5").write_bytes(b"x")
    chosen = choose_weights("imagenet", PRETRAINED, tmp_path)
    assert (chosen.kind, chosen.file, chosen.note) == ("imagenet", tmp_path / "some.h5", None)


def test_missing_weights_give_seeded_ones_and_the_reason(tmp_path: Path) -> None:
    chosen = choose_weights("imagenet", PRETRAINED, tmp_path)
    assert (
        chosen.kind == "seeded" and "some.h5" in (chosen.note or "") and "--download" in (chosen.note or "")
    )
    none = choose_weights("imagenet", None, tmp_path)
    assert none.note == "there are no ImageNet weights for this network"


def test_every_keras_network_knows_its_weight_file() -> None:
    module, _ = load_source("keras:mobilenet_v1_1.0_224")
    files = {name: module.pretrained(name) for name in module.names()}
    assert files["mobilenet_v1_1.0_224"] is not None
    assert files["mobilenet_v1_1.0_224"].file == "mobilenet_1_0_224_tf.h5"
    assert len({p.url for p in files.values() if p is not None}) == len(files)


class _Server(http.server.BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        body = b"weights" * 1000
        if self.path == "/missing":
            self.send_error(404)
            return
        self.send_response(200)
        self.send_header("Content-Length", str(len(body) + (5 if self.path == "/cut" else 0)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *args: object) -> None:
        """Keeps the test's output clean."""


@pytest.fixture
def address() -> Iterator[str]:
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), _Server) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join()


def test_a_download_arrives_whole_and_once(tmp_path: Path, address: str) -> None:
    said: list[str] = []
    for _ in range(2):
        download_weights(Pretrained(file="w.h5", url=f"{address}/w"), tmp_path, said.append)
    assert (tmp_path / "w.h5").stat().st_size == 7000
    assert said == [f"fetching {address}/w"]
    assert [p.name for p in tmp_path.iterdir()] == ["w.h5"]


@pytest.mark.parametrize("path", ["missing", "cut"])
def test_a_failed_download_leaves_nothing(tmp_path: Path, address: str, path: str) -> None:
    with pytest.raises(ModelError, match="could not be fetched"):
        download_weights(Pretrained(file="w.h5", url=f"{address}/{path}"), tmp_path, lambda line: None)
    assert list(tmp_path.iterdir()) == []


def test_a_download_ends_at_its_deadline(tmp_path: Path, address: str) -> None:
    with pytest.raises(ModelError, match="takes too long"):
        download_weights(
            Pretrained(file="w.h5", url=f"{address}/w"), tmp_path, lambda line: None, deadline_s=-1.0
        )
