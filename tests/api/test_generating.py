"""Filing a derivative: marked, logged, registered and linked; or refused before it is made."""

from __future__ import annotations

from pathlib import Path

import pytest

from api.application import Application
from api.errors import LicenceUnfit
from api.generating import ParentUsed, file_derivative
from chain.client.errors import ContractRefused
from chain.ledger.generations import generation_of
from chain.ledger.identifiers import LicenceId
from chain.ledger.rights import WorkKind
from chain.ledger.vectors import AncestorVector
from chain.provenance import Cid, GenerationManifest, WorkManifest, get_manifest
from oracle.generation_log import generation_log_domain, verify_generation_log
from tests.api.small_ledger import SHARE, SmallLedger, a_run, recording
from tests.devnet import CUSTOMER
from tests.heritage import YEAR_SECONDS


def parents_of(ledger: SmallLedger) -> list[ParentUsed]:
    first, second = ledger.licences
    return [
        # Out of order on purpose: the contract wants them ascending.
        ParentUsed(ledger.hostile.work_id, second, ledger.hostile.manifest),
        ParentUsed(ledger.javanese.work_id, first, ledger.javanese.manifest),
    ]


def test_a_filed_derivative_is_marked_logged_registered_and_linked(
    writable: Application, ledger: SmallLedger, tmp_path: Path
) -> None:
    run = a_run(writable, recording(tmp_path, "raw.flac"), parents_of(ledger), "Evening")
    target = tmp_path / "evening.flac"

    filed = file_derivative(writable, run, target, ledger.platform)

    at = writable.head()
    work = writable.works.work_of(filed.work_id, at=at)
    assert target.read_bytes() == filed.embed.audio_bytes
    assert ledger.watermark.marks[target.read_bytes()] == [(filed.generation_id, 20.0)]
    assert work.kind is WorkKind.DERIVATIVE
    own = get_manifest(
        writable.blocks, Cid.from_digest(work.manifest_digest, filed.manifest.codec), WorkManifest
    )
    assert own.body.generation == str(filed.manifest)
    assert own.body.title[0].value == "Evening"
    vector = AncestorVector.decode(filed.vector)
    assert {e.work_id: e.share for e in vector.entries} == {
        ledger.javanese.work_id: SHARE,
        ledger.hostile.work_id: SHARE,
    }


def test_the_log_is_the_platforms_and_says_what_the_manifest_says(
    writable: Application, ledger: SmallLedger
) -> None:
    log = ledger.filed.log.log
    body = get_manifest(writable.blocks, ledger.filed.manifest, GenerationManifest).body
    domain = generation_log_domain(31337, ledger.devnet.graph.address)

    assert log.platform == ledger.platform.address
    assert log.licence_ids == tuple(sorted(ledger.licences)) == tuple(body.licence_ids)
    assert log.manifest_digest == ledger.filed.manifest.digest
    assert body.output.pcm_sha256 == "0x" + log.output_commitment.hex()
    assert body.generation_id == f"0x{log.generation_id:016x}"
    assert body.generation_salt == "0x" + log.salt.hex()
    own = generation_of(31337, ledger.devnet.graph.address, log.platform, log.salt)
    assert log.generation_id == ledger.filed.generation_id == own
    assert {i.work_id for i in body.inputs} == {ledger.javanese.work_id, ledger.hostile.work_id}
    with pytest.raises(Exception, match="licence"):
        # Signed well; but nobody knows of the licences here.
        verify_generation_log(ledger.filed.log, domain, {}, now=writable.head().timestamp)


def refused_before_it_is_made(
    app: Application,
    ledger: SmallLedger,
    tmp_path: Path,
    parent: ParentUsed,
    kind: type[Exception],
    words: str,
) -> None:
    """Nothing marked, written or sent."""
    output = recording(tmp_path, "never.flac")
    run = a_run(app, output, [*parents_of(ledger)[:1], parent], "Never")
    target = tmp_path / "never-marked.flac"
    heard, blocks = len(ledger.watermark.names), set(app.blocks.iterate())
    nonce = app.node.nonce(ledger.platform.address)

    with pytest.raises(kind, match=words):
        file_derivative(app, run, target, ledger.platform)

    assert not target.exists()
    assert len(ledger.watermark.names) == heard
    assert set(app.blocks.iterate()) == blocks
    assert app.node.nonce(ledger.platform.address) == nonce


def test_an_expired_licence_stops_a_derivative_before_it_is_made(
    writable: Application, ledger: SmallLedger, tmp_path: Path
) -> None:
    ledger.devnet.pass_time(YEAR_SECONDS + 1)
    parent = ParentUsed(ledger.javanese.work_id, ledger.licences[0], ledger.javanese.manifest)

    refused_before_it_is_made(
        writable, ledger, tmp_path, parent, LicenceUnfit, "run out. Next: take a GENERATION"
    )


def test_a_licence_of_another_work_tier_or_holder_stops_it_too(
    writable: Application, ledger: SmallLedger, tmp_path: Path
) -> None:
    gong = ledger.heritage.works[0]
    wrong_work = ParentUsed(gong, ledger.licences[0], ledger.javanese.manifest)
    wrong_tier = ParentUsed(gong, ledger.heritage.training, ledger.javanese.manifest)
    right = ParentUsed(ledger.javanese.work_id, ledger.licences[0], ledger.javanese.manifest)

    refused_before_it_is_made(writable, ledger, tmp_path, wrong_work, LicenceUnfit, "is for work 5")
    refused_before_it_is_made(
        writable, ledger, tmp_path, wrong_tier, LicenceUnfit, "is for TRAINING"
    )
    run = a_run(writable, recording(tmp_path, "stolen.flac"), [right], "Stolen")
    with pytest.raises(LicenceUnfit, match="it belongs to 0x"):
        file_derivative(
            writable, run, tmp_path / "stolen-marked.flac", ledger.devnet.signers[CUSTOMER]
        )


def test_a_licence_that_nobody_took_stops_it_in_plain_words(
    writable: Application, ledger: SmallLedger, tmp_path: Path
) -> None:
    parent = ParentUsed(ledger.javanese.work_id, LicenceId(99), ledger.javanese.manifest)

    refused_before_it_is_made(writable, ledger, tmp_path, parent, ContractRefused, "99.*Next:")
