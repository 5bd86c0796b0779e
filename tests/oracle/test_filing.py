"""Filing papers with the service: manifests are held and say the same, licences fit."""

from __future__ import annotations

import dataclasses

import pytest

from chain.provenance import Cid, Codec
from chain.provenance.errors import BlockCorrupt, BlockMissing, ManifestInvalid
from oracle.detection_report import detection_report_domain, sign_detection_report
from oracle.errors import (
    EvidenceMalformed,
    GenerationLogConflict,
    LicenceUnfit,
    NotAnOperator,
    SignatureForged,
)
from oracle.generation_log import (
    SignedGenerationLog,
    generation_log_domain,
    sign_generation_log,
)
from tests.devnet import CUSTOMER, PLATFORM
from tests.oracle.conftest import World, sha
from watermark.detection import Corroborated


def test_a_log_filed_twice_is_held_once(world: World) -> None:
    signed = world.log()

    first, second = (world.service.file_generation_log(signed) for _ in range(2))

    assert (first.new, second.new) == (True, False)
    assert first.paper_id == second.paper_id == signed.log.log_id


def test_another_log_for_one_generation_is_a_conflict(world: World) -> None:
    world.service.file_generation_log(world.log())

    with pytest.raises(GenerationLogConflict, match="draw a fresh salt"):
        world.service.file_generation_log(world.log(output_commitment=sha("other samples")))


def test_a_replayed_signature_under_another_content_is_forged(world: World) -> None:
    signed = world.log()
    altered = dataclasses.replace(signed.log, output_commitment=sha("other samples"))

    with pytest.raises(SignatureForged):
        world.service.file_generation_log(SignedGenerationLog(altered, signed.signature))


def test_a_training_licence_does_not_cover_a_run(world: World) -> None:
    with pytest.raises(LicenceUnfit, match="allows TRAINING, not GENERATION"):
        world.service.file_generation_log(world.log(licence_ids=(world.heritage.training,)))


def test_a_licence_that_was_never_taken_is_named(world: World) -> None:
    with pytest.raises(LicenceUnfit, match="licence 77 is unknown"):
        world.service.file_generation_log(world.log(licence_ids=(77,)))


def test_an_expired_licence_is_named(world: World) -> None:
    world.devnet.pass_time(2 * 365 * 24 * 3600)

    with pytest.raises(LicenceUnfit, match="had expired"):
        world.service.file_generation_log(world.log())


def test_a_log_whose_manifest_is_not_held_is_refused(world: World) -> None:
    with pytest.raises(BlockMissing, match="fetch it or import a CAR"):
        world.service.file_generation_log(world.log(manifest_digest=sha("nowhere")))


def test_a_manifest_tampered_with_on_disk_is_found(world: World) -> None:
    signed = world.log()
    path = world.blocks.path_of(Cid(1, Codec.DAG_CBOR, signed.log.manifest_digest))
    content = bytearray(path.read_bytes())
    content[40] ^= 1
    path.write_bytes(bytes(content))

    with pytest.raises(BlockCorrupt):
        world.service.file_generation_log(signed)


def test_a_log_of_somebody_elses_generation_is_refused(world: World) -> None:
    stranger = world.devnet.signers[CUSTOMER]
    claimed = dataclasses.replace(world.log().log, platform=stranger.address)
    domain = generation_log_domain(31337, world.devnet.graph.address)

    with pytest.raises(EvidenceMalformed, match="which this platform links with this salt"):
        world.service.file_generation_log(sign_generation_log(claimed, stranger, domain))


def test_a_manifest_of_another_salt_is_named(world: World) -> None:
    salt = sha("another salt")
    at, platform = world.devnet.node.head(), world.devnet.address(PLATFORM)
    theirs = world.devnet.graph.generation_of(platform, salt, at=at)
    first = world.log().log
    changes = {"generation_id": theirs, "salt": salt, "manifest_digest": first.manifest_digest}

    with pytest.raises(EvidenceMalformed, match="in its manifest") as refusal:
        world.service.file_generation_log(world.log(**changes))

    assert refusal.value.field == "generationId"


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"output_commitment": sha("other samples")}, "outputCommitment"),
    ],
)
def test_a_manifest_that_says_something_else_is_named(
    world: World, change: dict[str, object], field: str
) -> None:
    manifest = world.log().log.manifest_digest

    with pytest.raises(EvidenceMalformed) as refusal:
        world.service.file_generation_log(world.log(manifest_digest=manifest, **change))

    assert refusal.value.field == field


def test_a_manifest_of_another_kind_is_refused(world: World) -> None:
    wrong = world.found().report.manifest_digest

    with pytest.raises(ManifestInvalid, match=r"antiphon\.generation/1"):
        world.service.file_generation_log(world.log(manifest_digest=wrong))


def test_a_detection_filed_twice_is_held_once(world: World) -> None:
    signed = world.found()

    first, second = (world.service.file_detection(signed) for _ in range(2))

    assert (first.new, second.new) == (True, False)


def test_two_operators_reports_on_one_copy_are_one_finding(world: World) -> None:
    first = world.service.file_detection(world.found(0))
    second = world.service.file_detection(world.found(1))

    assert first.paper_id == second.paper_id
    assert (first.new, second.new) == (True, True)
    # Two independent detectors stand in for a log: one event per parent's licence.
    assert world.service.open_epoch_status().attributed_events == 2


def test_a_detection_by_a_stranger_is_refused(world: World) -> None:
    stranger = world.devnet.signers[CUSTOMER]
    report = dataclasses.replace(world.found().report, operator=stranger.address)
    domain = detection_report_domain(31337, world.devnet.oracle.address)

    with pytest.raises(NotAnOperator):
        world.service.file_detection(sign_detection_report(report, stranger, domain))


def test_a_detection_manifest_about_another_file_is_named(world: World) -> None:
    manifest = world.found().report.manifest_digest

    with pytest.raises(EvidenceMalformed) as refusal:
        world.service.file_detection(
            world.found(manifest_digest=manifest, subject_pcm_sha256=sha("another file"))
        )

    assert refusal.value.field == "subjectPcmSha256"


@pytest.mark.parametrize("signed", [Corroborated.OTHER_RECORDING, Corroborated.NOT_CHECKED])
def test_a_detection_manifest_that_calls_the_sound_something_else_is_named(
    world: World, signed: Corroborated
) -> None:
    manifest = world.found().report.manifest_digest

    with pytest.raises(EvidenceMalformed) as refusal:
        world.service.file_detection(world.found(manifest_digest=manifest, corroboration=signed))

    assert refusal.value.field == "corroboration"
