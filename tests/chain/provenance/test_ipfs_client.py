"""A daemon that is away, slow, refusing or lying never gets a wrong byte past the replicator."""

from __future__ import annotations

import json
import socket
from collections.abc import Iterator

import pytest
from fake_daemon import FakeDaemon, Handler
from manifest_samples import AUDIO, AUDIO_CID, sealed, segments_manifest, work_manifest

from chain.provenance import (
    Cid,
    ClearedBlocks,
    Codec,
    MemoryBlockStore,
    clear_for_publication,
    export_car,
    put_manifest,
)
from chain.provenance.errors import (
    DaemonLied,
    DaemonRefused,
    DaemonTooSlow,
    DaemonUnreachable,
    ReplicationError,
)
from chain.provenance.ipfs_client import IpfsReplicator

IMPATIENT_SECONDS = 0.2

pytestmark = pytest.mark.filterwarnings("ignore:The 'strict' parameter:FutureWarning")


@pytest.fixture
def daemon() -> Iterator[FakeDaemon]:
    fake = FakeDaemon()
    yield fake
    fake.stop()


@pytest.fixture
def replicator(daemon: FakeDaemon) -> IpfsReplicator:
    return IpfsReplicator(
        daemon.address, connect_seconds=IMPATIENT_SECONDS, read_seconds=IMPATIENT_SECONDS
    )


@pytest.fixture
def cleared() -> ClearedBlocks:
    store = MemoryBlockStore()
    store.put(Codec.RAW, AUDIO)
    root = put_manifest(store, sealed(work_manifest()))
    return clear_for_publication(root, store, consent_is_live=lambda _: True)


def test_a_pushed_tree_is_there_pinned_and_comes_back(
    daemon: FakeDaemon, replicator: IpfsReplicator, cleared: ClearedBlocks
) -> None:
    replicator.push(cleared)

    back = MemoryBlockStore()
    replicator.pull(cleared.root, back)
    assert set(daemon.store.iterate()) == {cleared.root, AUDIO_CID}
    assert replicator.holds(cleared.root)
    assert replicator.fetch(AUDIO_CID) == AUDIO
    assert set(back.iterate()) == {cleared.root, AUDIO_CID}


def test_nothing_is_asked_of_the_daemon_before_the_first_call(
    daemon: FakeDaemon, replicator: IpfsReplicator
) -> None:
    assert daemon.asked == []


def test_an_unpinned_root_is_simply_not_held(replicator: IpfsReplicator) -> None:
    assert not replicator.holds(AUDIO_CID)


def status_500(handler: Handler) -> None:
    handler.send(500, json.dumps({"Message": "disk is full", "Code": 0, "Type": "error"}).encode())


def no_json(handler: Handler) -> None:
    handler.send(502, b"<html>bad gateway</html>")


def hang(handler: Handler) -> None:
    handler.server.released.wait()


def hang_midway(handler: Handler) -> None:
    handler.send_response(200)
    handler.send_header("Content-Length", "100")
    handler.end_headers()
    handler.wfile.write(b"half")
    handler.wfile.flush()
    handler.server.released.wait()


def trickle(handler: Handler) -> None:
    handler.send_response(200)
    handler.send_header("Content-Length", "1000000")
    handler.end_headers()
    try:
        while not handler.server.released.wait(IMPATIENT_SECONDS / 10):
            handler.wfile.write(b"x")
            handler.wfile.flush()
    except OSError:
        return


def break_off(handler: Handler) -> None:
    handler.send_response(200)
    handler.send_header("Content-Length", "100")
    handler.end_headers()
    handler.wfile.write(b"half")
    handler.close_connection = True


def redirect(handler: Handler) -> None:
    handler.send(302, b"", Location="/elsewhere")


def flood(handler: Handler) -> None:
    handler.send_response(200)
    handler.send_header("Content-Length", str(1 << 40))
    handler.end_headers()
    try:
        while not handler.server.released.is_set():
            handler.wfile.write(bytes(1 << 20))
    except OSError:
        return


COMMANDS = ["dag/import", "pin/ls", "block/get"]


@pytest.mark.parametrize("command", COMMANDS)
@pytest.mark.parametrize(
    ("lie", "error"),
    [
        (status_500, DaemonRefused),
        (no_json, DaemonRefused),
        (redirect, DaemonRefused),
        (hang, DaemonTooSlow),
        (hang_midway, DaemonTooSlow),
        (trickle, DaemonTooSlow),
        (break_off, DaemonUnreachable),
        (flood, DaemonLied),
    ],
)
def test_a_push_never_succeeds_on_a_faulty_daemon(
    daemon: FakeDaemon,
    replicator: IpfsReplicator,
    cleared: ClearedBlocks,
    command: str,
    lie: object,
    error: type[ReplicationError],
) -> None:
    daemon.lies[command] = lie  # type: ignore[assignment]

    with pytest.raises(error) as refusal:
        replicator.push(cleared)

    assert refusal.value.address == daemon.address


@pytest.mark.parametrize(
    "answer",
    [
        b"",
        b"not json",
        b"[" * 60_000,
        b"{}\n",
        b"[]\n",
        b'{"Root": null}\n',
        b'{"Root": {"Cid": {"/": "nonsense"}}}\n',
        b'{"Root": {"Cid": {"/": "' + str(AUDIO_CID).encode() + b'"}}}\n',
    ],
    ids=["empty", "text", "brackets", "object", "list", "null", "no id", "another root"],
)
def test_an_import_answer_that_does_not_name_our_root_is_a_lie(
    daemon: FakeDaemon, replicator: IpfsReplicator, cleared: ClearedBlocks, answer: bytes
) -> None:
    daemon.lies["dag/import"] = lambda handler: handler.send(200, answer)

    with pytest.raises(DaemonLied):
        replicator.push(cleared)


def test_a_pin_that_failed_is_told(
    daemon: FakeDaemon, replicator: IpfsReplicator, cleared: ClearedBlocks
) -> None:
    answer = {"Root": {"Cid": {"/": str(cleared.root)}, "PinErrorMsg": "no room"}}
    daemon.lies["dag/import"] = lambda handler: handler.send_json(answer)

    with pytest.raises(DaemonRefused, match="no room"):
        replicator.push(cleared)


def test_a_pin_that_is_only_claimed_is_found_out(
    daemon: FakeDaemon, replicator: IpfsReplicator, cleared: ClearedBlocks
) -> None:
    answer = {"Root": {"Cid": {"/": str(cleared.root)}}}
    daemon.lies["dag/import"] = lambda handler: handler.send_json(answer)

    with pytest.raises(DaemonLied, match="has no pin"):
        replicator.push(cleared)


def test_a_forged_block_is_refused(daemon: FakeDaemon, replicator: IpfsReplicator) -> None:
    daemon.lies["block/get"] = lambda handler: handler.send(200, b"other music")

    with pytest.raises(DaemonLied, match=str(AUDIO_CID)):
        replicator.fetch(AUDIO_CID)


def test_a_forged_archive_leaves_nothing_behind(
    daemon: FakeDaemon, replicator: IpfsReplicator, cleared: ClearedBlocks
) -> None:
    archive = b"".join(export_car(cleared.root, cleared)).replace(AUDIO, AUDIO[::-1])
    daemon.lies["dag/export"] = lambda handler: handler.send(200, archive)
    store = MemoryBlockStore()

    with pytest.raises(DaemonLied, match="forged"):
        replicator.pull(cleared.root, store)

    assert list(store.iterate()) == []


def test_the_archive_of_another_root_is_refused(
    daemon: FakeDaemon, replicator: IpfsReplicator
) -> None:
    other = daemon.store.put(Codec.RAW, b"something else")
    archive = b"".join(export_car(other, daemon.store))
    daemon.lies["dag/export"] = lambda handler: handler.send(200, archive)
    store = MemoryBlockStore()

    with pytest.raises(DaemonLied, match="the archive of"):
        replicator.pull(AUDIO_CID, store)

    assert list(store.iterate()) == []


def test_a_daemon_that_is_away_is_told_at_once(cleared: ClearedBlocks) -> None:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        address = f"/ip4/127.0.0.1/tcp/{unused.getsockname()[1]}"
        replicator = IpfsReplicator(address)

        with pytest.raises(DaemonUnreachable, match="is it running"):
            replicator.push(cleared)


@pytest.mark.parametrize("address", ["localhost:5001", "", "/ip4/127.0.0.1", "/ip4/1/tcp/x"])
def test_an_address_that_is_none_is_refused_with_an_example(address: str) -> None:
    with pytest.raises(DaemonUnreachable, match="/ip4/127"):
        IpfsReplicator(address)


def test_segments_travel_with_their_set(daemon: FakeDaemon, replicator: IpfsReplicator) -> None:
    store = MemoryBlockStore()
    for data in (b"segment 1", b"segment 2"):
        store.put(Codec.RAW, data)
    root = put_manifest(store, sealed(segments_manifest()))

    replicator.push(clear_for_publication(root, store, consent_is_live=lambda _: False))

    assert daemon.store.get(Cid.of(Codec.RAW, b"segment 2")) == b"segment 2"
