"""Adding official checkpoints: asked for, pinned on first use, and nothing kept of what is bad."""

from __future__ import annotations

import http.server
import json
import ssl
import subprocess
import threading
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import pytest
import torch
from typer.testing import CliRunner

from tests.watermark.checkpoint_files import SMALL, altered, write_official
from watermark.__main__ import app
from watermark.presence import fetching
from watermark.presence.checkpoints import CheckpointRefused, Reason, load_card, sha256_of
from watermark.presence.fetching import address_of, fetch
from watermark.presence.library import Added, Library, Source


class Shelf(http.server.SimpleHTTPRequestHandler):
    """Serves a folder, one address that leads to plain http, and one that ends early."""

    def do_GET(self) -> None:
        if self.path == "/elsewhere.pth":
            self.send_response(302)
            self.send_header("Location", "http://localhost/generator.pth")
            self.end_headers()
        elif self.path == "/short.pth":
            self.send_response(200)
            self.send_header("Content-Length", "100")
            self.end_headers()
            self.wfile.write(b"PK")
        else:
            super().do_GET()

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A key and the certificate it signed for itself, in one file."""
    folder = tmp_path_factory.mktemp("certificate")
    whole = folder / "both.pem"
    subprocess.run(
        [
            *("openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2"),
            *("-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost"),
            *("-keyout", folder / "key.pem", "-out", folder / "certificate.pem"),
        ],
        check=True,
        capture_output=True,
    )
    whole.write_text((folder / "key.pem").read_text() + (folder / "certificate.pem").read_text())
    return whole


@pytest.fixture
def shelf(tmp_path: Path, certificate: Path) -> Iterator[str]:
    """The https address of a folder with a generator's and a detector's file."""
    (tmp_path / "shelf").mkdir()
    write_official(tmp_path / "shelf", SMALL)
    server = http.server.ThreadingHTTPServer(
        ("127.0.0.1", 0), partial(Shelf, directory=tmp_path / "shelf")
    )
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    server.socket = context.wrap_socket(server.socket, server_side=True)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"https://localhost:{server.server_address[1]}"
    server.shutdown()
    thread.join()
    server.server_close()


def pair_from(folder: Path) -> tuple[Source, Source]:
    return Source(str(folder / "generator.pth")), Source(str(folder / "detector.pth"))


def added_from(shelf: str, library: Library, *, download: bool = True) -> Added:
    return library.add(
        Source(f"{shelf}/generator.pth"), Source(f"{shelf}/detector.pth"), download=download
    )


def refused_by(library: Library, generator: Source, detector: Source) -> CheckpointRefused:
    with pytest.raises(CheckpointRefused) as refused:
        library.add(generator, detector, download=True)
    return refused.value


def test_a_pair_from_paths_is_converted_once_and_loads_from_its_card(tmp_path: Path) -> None:
    generator, detector = pair_from(tmp_path)
    _, _, made, _ = write_official(tmp_path, SMALL)
    library = Library(tmp_path / "library")

    added = library.add(generator, detector, download=False)
    again = library.add(generator, detector, download=False)

    loaded = load_card(added.card)
    for name, tensor in made.state_dict().items():
        assert torch.allclose(tensor, loaded.generator.state_dict()[name], atol=1e-6)
    assert loaded.weights_sha256 == added.weights_sha256
    assert added.files_sha256["detector"] == sha256_of(tmp_path / "detector.pth")
    assert len(added.newly_pinned) == 2 and again.newly_pinned == ()
    assert library.pairs() == [added.card] == [again.card]
    assert sorted(p.name for p in library.folder.iterdir()) == [added.card.parent.name, "pins.json"]


def test_a_source_that_changed_since_it_was_pinned_is_refused(tmp_path: Path) -> None:
    library, (generator, detector) = Library(tmp_path / "library"), pair_from(tmp_path)
    write_official(tmp_path, SMALL)
    library.add(generator, detector, download=False)
    pins = library.pins()
    altered(
        tmp_path / "generator.pth",
        lambda whole: whole["model"]["msg_processor.msg_processor.weight"].mul_(2.0),
    )

    refused = refused_by(library, generator, detector)

    assert refused.reason is Reason.WRONG_DIGEST
    assert "when first added" in refused.detail
    assert library.pins() == pins


def test_a_file_with_another_digest_than_the_one_given_is_refused(tmp_path: Path) -> None:
    library, (generator, detector) = Library(tmp_path / "library"), pair_from(tmp_path)
    write_official(tmp_path, SMALL)

    refused = refused_by(library, Source(generator.place, "0" * 64), detector)

    assert refused.reason is Reason.WRONG_DIGEST
    assert library.pairs() == [] and library.pins() == {}


def test_a_bad_pair_leaves_nothing_behind(tmp_path: Path) -> None:
    library, (generator, detector) = Library(tmp_path / "library"), pair_from(tmp_path)
    write_official(tmp_path, SMALL)

    refused = refused_by(library, detector, generator)

    assert refused.reason is Reason.WRONG_SHAPE
    assert list(library.folder.iterdir()) == []


def test_a_converted_file_that_was_tampered_with_is_refused(tmp_path: Path) -> None:
    library, pair = Library(tmp_path / "library"), pair_from(tmp_path)
    write_official(tmp_path, SMALL)
    card = library.add(*pair, download=False).card
    weights = card.parent / "detector.safetensors"
    content = bytearray(weights.read_bytes())
    content[-1] ^= 1
    weights.write_bytes(content)

    with pytest.raises(CheckpointRefused, match="the card pins"):
        load_card(card)


@pytest.mark.parametrize("pins", ["{", "[]", '{"a": 1}'])
def test_pins_that_cannot_be_read_are_refused(tmp_path: Path, pins: str) -> None:
    library, pair = Library(tmp_path / "library"), pair_from(tmp_path)
    write_official(tmp_path, SMALL)
    library.folder.mkdir()
    (library.folder / "pins.json").write_text(pins)

    assert refused_by(library, *pair).reason is Reason.BAD_CARD


def test_nothing_is_downloaded_unless_it_is_asked_for(
    tmp_path: Path, shelf: str, certificate: Path
) -> None:
    library = Library(
        tmp_path / "library", trust=ssl.create_default_context(cafile=str(certificate))
    )

    with pytest.raises(CheckpointRefused, match="nothing is downloaded unasked") as refused:
        added_from(shelf, library, download=False)
    added = added_from(shelf, library)

    assert refused.value.reason is Reason.NOT_FETCHED
    assert added.newly_pinned == (f"{shelf}/generator.pth", f"{shelf}/detector.pth")
    assert added.files_sha256["generator"] == sha256_of(tmp_path / "shelf" / "generator.pth")
    assert library.pins() == {
        f"{shelf}/{role}.pth": digest for role, digest in added.files_sha256.items()
    }


@pytest.mark.parametrize(
    ("name", "detail"),
    [
        ("elsewhere.pth", "redirects to http://"),
        ("short.pth", "2 of 100 bytes"),
        ("missing.pth", "404"),
    ],
)
def test_an_address_that_does_not_serve_the_file_is_refused(
    tmp_path: Path, shelf: str, certificate: Path, name: str, detail: str
) -> None:
    trust = ssl.create_default_context(cafile=str(certificate))

    with pytest.raises(CheckpointRefused, match=detail) as refused:
        fetch(f"{shelf}/{name}", tmp_path / "fetched", trust=trust)

    assert refused.value.reason is Reason.NOT_FETCHED


def test_a_server_that_cannot_prove_its_name_is_refused(tmp_path: Path, shelf: str) -> None:
    with pytest.raises(CheckpointRefused, match=r"(?i)certificate") as refused:
        fetch(f"{shelf}/generator.pth", tmp_path / "fetched")

    assert refused.value.reason is Reason.NOT_FETCHED


def test_more_than_any_checkpoint_needs_is_not_fetched(
    tmp_path: Path, shelf: str, certificate: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(fetching, "LARGEST_BYTES", 1000)
    trust = ssl.create_default_context(cafile=str(certificate))

    with pytest.raises(CheckpointRefused) as refused:
        fetch(f"{shelf}/generator.pth", tmp_path / "fetched", trust=trust)

    assert refused.value.reason is Reason.TOO_LARGE


@pytest.mark.parametrize("source", ["http://localhost/a.pth", "file:///etc/passwd", "ftp://a/b"])
def test_other_addresses_than_https_are_refused(source: str, tmp_path: Path) -> None:
    for attempt in (lambda: address_of(source), lambda: fetch(source, tmp_path / "fetched")):
        with pytest.raises(CheckpointRefused, match="only https") as refused:
            attempt()
        assert refused.value.reason is Reason.NOT_FETCHED


def test_names_stand_for_the_addresses_they_are_published_at() -> None:
    published = address_of("audioseal_detector_16bits")

    assert published.startswith("https://") and published.endswith("/detector_base.pth")
    assert address_of("facebook/audioseal/detector_base.pth") == published


@pytest.mark.parametrize("source", ["nowhere.pth", "audioseal_nothing", "a/../b.pth", ""])
def test_what_is_neither_a_file_nor_an_address_is_refused(source: str) -> None:
    with pytest.raises(CheckpointRefused) as refused:
        address_of(source)

    assert refused.value.reason is Reason.MISSING


def test_the_command_line_adds_and_lists_a_pair(tmp_path: Path) -> None:
    write_official(tmp_path, SMALL)
    paths = [str(tmp_path / "generator.pth"), str(tmp_path / "detector.pth")]
    state = ["--state", str(tmp_path)]

    added = CliRunner().invoke(app, ["checkpoints", "add", *paths, *state])
    listed = CliRunner().invoke(app, ["checkpoints", "list", *state])

    report = json.loads(added.stdout)
    assert Path(report["card"]).exists()
    assert report["use_with"] == f"ANTIPHON_AUDIOSEAL_CARD={report['card']}"
    assert report["files_sha256"]["generator"] == sha256_of(tmp_path / "generator.pth")
    assert json.loads(listed.stdout)["card"] == report["card"]
