"""A rejected epoch's usage that new evidence contradicts: set aside with its reason, while
everything else goes on."""

from __future__ import annotations

from chain.ledger.identifiers import Address, Digest, GenerationId
from oracle.attribution import DetectionPolicy, Withheld, WithheldReason
from oracle.contradicted import contradicted_segments
from oracle.detection_report import SignedDetectionReport
from oracle.epoch_book import EpochRow, EpochState
from oracle.evidence_book import EvidenceBook
from tests.devnet import COUNCIL
from tests.oracle.conftest import World, sha

CONTRADICTED, SOUND = sha("contradicted copy"), sha("sound copy")


def post(world: World) -> EpochRow:
    world.service.seal_epoch()
    world.service.collect_signatures()
    return world.service.post_epoch()


def test_a_segment_whose_signer_is_an_operator_no_more_is_taken_apart(world: World) -> None:
    rejected_epoch(world)
    members = [signer.address for signer in world.operators]
    at, policy = world.view.pin(), DetectionPolicy()

    def found(operators: list[Address]) -> frozenset[Digest]:
        with world.outbox.reading() as connection:
            book = EvidenceBook(connection)
            return contradicted_segments(book, world.view, policy, operators, at)

    assert found(members) == frozenset()
    assert len(found(members[1:])) == 1, "the first one signs what evidence gives"


def test_a_sound_segment_of_a_rejected_epoch_is_counted_as_it_is(world: World) -> None:
    before = rejected_epoch(world)

    row = post(world)

    assert row.report.event_count == before.report.event_count
    assert row.report.usage_root == before.report.usage_root
    assert world.service.open_epoch_status().withheld == ()


def rejected_epoch(world: World) -> EpochRow:
    """An epoch with plays, a log and two found copies (two licences each), rejected."""
    world.fund()
    world.file_plays(3)
    world.service.file_generation_log(world.log())
    for subject in (CONTRADICTED, SOUND):
        world.service.file_detection(world.found(subject_pcm_sha256=subject))
    row = post(world)
    assert row.report.event_count == 3 + 2 + 2 + 2
    council, token = world.devnet.signers[COUNCIL], world.devnet.deployment.token
    world.devnet.distributor.reject(token, row.number, sha("why"), signer=council)
    assert world.service.take_up_rejected() == (row.number,)
    return row


def contradiction(world: World) -> SignedDetectionReport:
    """Another operator hears another generation in the same copy."""
    other = GenerationId(world.heritage.generation_id ^ 1)
    return world.found(1, subject_pcm_sha256=CONTRADICTED, generation_id=other)


def test_everything_else_is_counted_and_what_waits_says_why(world: World) -> None:
    rejected_epoch(world)
    world.service.file_detection(contradiction(world))

    row = post(world)

    assert row.state is EpochState.FINAL
    assert row.report.event_count == 3 + 2 + 2
    assert world.service.status().events == {"counted": 7, "refused": 2}
    waits = world.found(subject_pcm_sha256=CONTRADICTED).report.report_id
    assert dict(world.service.open_epoch_status().withheld) == {
        evidence: Withheld(WithheldReason.AMBIGUOUS)
        for evidence in (waits, contradiction(world).report.report_id)
    }


def test_a_rehearsal_says_what_would_really_be_paid_and_takes_nothing_apart(world: World) -> None:
    rejected_epoch(world)
    world.service.file_detection(contradiction(world))
    before = world.service.status().events

    rehearsal = world.service.watch.rehearse_epoch()

    assert world.service.status().events == before == {"waiting": 9}
    assert (rehearsal.counted, rehearsal.taken_apart) == (3 + 2 + 2, 1)
    row = world.service.seal_epoch()
    assert (rehearsal.counted, rehearsal.total) == (
        row.report.event_count,
        row.report.cumulative_total,
    )
    assert rehearsal.to_plain()["segmentsTakenApart"] == 1
