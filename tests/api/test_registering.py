"""Registering, splits and consent through the application: all of it, or nothing that counts."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from api.application import Application
from api.reading import UNTOLD, find_work
from api.registration import (
    WorkDraft,
    approve_split,
    offer_terms,
    propose_consent,
    refuse_consent,
    register_work,
    set_split,
)
from chain.client.errors import ContractRefused
from chain.ledger.errors import BadSplit
from chain.ledger.identifiers import Address, CommunityId, digest_from_hex
from chain.ledger.rights import Split, Tier, WorkKind
from chain.provenance import LicenceManifest, WorkManifest, get_manifest
from chain.provenance.errors import BlockCorrupt, ManifestInvalid, NotCanonical
from tests.api.small_ledger import SmallLedger, generation_terms, recording
from tests.heritage import ELDERS, YEAR_SECONDS
from watermark.audio.errors import AudioMislabelled, AudioSilent
from watermark.client import ServiceAway

TITLES = (("su", "ᮊᮎᮕᮤ"), ("su-Latn", "Kacapi"))


def draft_of(path: Path, **changes: object) -> WorkDraft:
    fields: dict[str, object] = {
        "recording": path,
        "titles": TITLES,
        "attribution": "Played by the hall",
        "genre": "kacapi",
    }
    return WorkDraft(**(fields | changes))  # type: ignore[arg-type]


@contextmanager
def nothing_left_behind(app: Application, *accounts: Address) -> Iterator[None]:
    """No block mined, no transaction of these accounts, no block of content kept."""
    blocks, height = set(app.blocks.iterate()), app.head().number
    nonces = [app.node.nonce(account) for account in accounts]
    yield
    assert set(app.blocks.iterate()) == blocks
    assert app.head().number == height
    assert [app.node.nonce(account) for account in accounts] == nonces


def test_a_registered_work_is_on_chain_with_the_manifest_that_names_it(
    writable: Application, ledger: SmallLedger, tmp_path: Path
) -> None:
    path = recording(tmp_path, "kacapi.wav")

    work = register_work(writable, draft_of(path), CommunityId(1), ledger.devnet.signers[11])

    on_chain = writable.works.work_of(work.work_id, at=writable.head())
    body = get_manifest(writable.blocks, work.manifest, WorkManifest).body
    assert on_chain.manifest_digest == work.manifest.digest
    content = digest_from_hex(work.audio.pcm_sha256)
    assert writable.works.work_by_content(content, at=writable.head()) == work.work_id
    assert body.master.pcm_sha256 == f"0x{work.audio.pcm_sha256}"
    assert [(t.lang, t.value) for t in body.title] == list(TITLES)
    assert body.master.byte_count == path.stat().st_size
    assert body.master.mime == "audio/wav"
    assert writable.blocks.get(body.master.cid) == path.read_bytes()  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("changes", "place"),
    [
        ({"titles": ()}, "title"),
        ({"titles": (("su", ""),)}, "title"),
        ({"titles": (("not a language!", "Kacapi"),)}, "title"),
        ({"titles": (("su", "x" * 9_000),)}, "title"),
        ({"attribution": ""}, "attribution"),
        ({"genre": ""}, "genre"),
        ({"genre": "g" * 300}, "genre"),
    ],
)
def test_a_draft_with_a_fault_is_refused_with_its_place_before_anything_is_kept(
    writable: Application,
    ledger: SmallLedger,
    tmp_path: Path,
    changes: dict[str, object],
    place: str,
) -> None:
    steward = ledger.devnet.signers[11]
    draft = draft_of(recording(tmp_path, "faulty.wav"), **changes)

    with (
        nothing_left_behind(writable, steward.address),
        pytest.raises(ManifestInvalid, match=f"(?i){place}"),
    ):
        register_work(writable, draft, CommunityId(1), steward)


@pytest.mark.parametrize("title", ["A\u0301 decomposed\u0000", "lone \ud800 surrogate"])
def test_text_that_has_no_one_spelling_leaves_nothing_behind(
    writable: Application, ledger: SmallLedger, tmp_path: Path, title: str
) -> None:
    steward = ledger.devnet.signers[11]
    draft = draft_of(recording(tmp_path, "odd.wav"), titles=(("en", title),))

    with (
        nothing_left_behind(writable, steward.address),
        pytest.raises((ManifestInvalid, NotCanonical)),
    ):
        register_work(writable, draft, CommunityId(1), steward)


def test_refused_audio_leaves_nothing_behind(
    writable: Application, ledger: SmallLedger, tmp_path: Path
) -> None:
    steward = ledger.devnet.signers[11]
    draft = draft_of(recording(tmp_path, "refused.wav"))
    refusals = {
        "audio-mislabelled": AudioMislabelled,
        "audio-silent": AudioSilent,
    }
    for code, kind in refusals.items():
        ledger.watermark.refusal = (422, code, "not this one")
        with nothing_left_behind(writable, steward.address), pytest.raises(kind):
            register_work(writable, draft, CommunityId(1), steward)
    ledger.watermark.away = True
    with nothing_left_behind(writable, steward.address), pytest.raises(ServiceAway):
        register_work(writable, draft, CommunityId(1), steward)


def test_a_recording_that_is_not_there_leaves_nothing_behind(
    writable: Application, ledger: SmallLedger, tmp_path: Path
) -> None:
    steward = ledger.devnet.signers[11]

    with nothing_left_behind(writable, steward.address), pytest.raises(FileNotFoundError):
        register_work(writable, draft_of(tmp_path / "lost.wav"), CommunityId(1), steward)


def test_a_stranger_cannot_register_for_a_community(
    writable: Application, ledger: SmallLedger, tmp_path: Path
) -> None:
    stranger = ledger.devnet.signers[10]
    height = writable.head().number

    with pytest.raises(ContractRefused, match="Next:") as refused:
        register_work(
            writable, draft_of(recording(tmp_path, "theirs.wav")), CommunityId(1), stranger
        )

    assert refused.value.tx_hash is None
    assert writable.head().number == height


def test_the_same_recording_is_registered_once(
    writable: Application, ledger: SmallLedger, tmp_path: Path
) -> None:
    steward = ledger.devnet.signers[11]
    draft = draft_of(recording(tmp_path, "once.wav"))
    first = register_work(writable, draft, CommunityId(1), steward)

    with pytest.raises(ContractRefused) as refused:
        register_work(writable, draft, CommunityId(1), steward)

    assert str(first.work_id) in refused.value.plain


@pytest.mark.parametrize(
    "bps", [{17: 9_999}, {17: 5_000, 18: 5_001}, {}, {17: 0, 18: 10_000}, {17: -1, 18: 10_001}]
)
def test_a_split_that_is_not_whole_is_refused_before_anything_is_sent(
    writable: Application, ledger: SmallLedger, bps: dict[int, int]
) -> None:
    steward = ledger.devnet.signers[11]
    given = {ledger.devnet.address(index): part for index, part in bps.items()}
    work = ledger.javanese.work_id
    before = writable.ledger.split_count_of(work, at=writable.head())

    with nothing_left_behind(writable, steward.address), pytest.raises(BadSplit):
        set_split(writable, work, given, steward)

    assert writable.ledger.split_count_of(work, at=writable.head()) == before


def test_only_the_steward_decides_who_is_paid(writable: Application, ledger: SmallLedger) -> None:
    stranger = ledger.devnet.signers[10]

    with nothing_left_behind(writable, stranger.address), pytest.raises(ContractRefused):
        set_split(writable, ledger.javanese.work_id, {stranger.address: 10_000}, stranger)


def test_where_elders_have_a_say_they_decide_who_is_paid_first(
    writable: Application, ledger: SmallLedger, tmp_path: Path
) -> None:
    """Whoever is refused is told which community must decide, on what, and by which call."""
    community, steward = ledger.heritage.communities[1], ledger.devnet.signers[12]
    draft = draft_of(recording(tmp_path, "chanted.wav"))
    work = register_work(writable, draft, community, steward).work_id
    bps = {steward.address: 10_000}
    decision = writable.ledger.split_decision(work, 1, Split.of(bps), at=writable.head())

    with pytest.raises(ContractRefused, match="Next:") as refused:
        set_split(writable, work, bps, steward)
    assert f"elders of community {community} decide" in str(refused.value)
    assert f"approveDecision({community}, 0x{decision.hex()})" in str(refused.value)

    for elder in ELDERS[:2]:
        approve_split(writable, work, bps, community, ledger.devnet.signers[elder])
    set_split(writable, work, bps, steward)
    assert writable.ledger.split_count_of(work, at=writable.head()) == 1


def test_terms_are_bound_to_the_text_that_people_read(
    writable: Application, ledger: SmallLedger
) -> None:
    terms = generation_terms(ledger.devnet, price=77)
    height = writable.head().number

    offer = offer_terms(
        writable,
        terms,
        [("en", "Play it with respect."), ("id", "Mainkan dengan hormat.")],
        ledger.devnet.signers[11],
    )

    body = get_manifest(writable.blocks, offer.manifest, LicenceManifest).body
    assert offer.terms.text_digest == offer.manifest.digest
    assert offer.terms.hash() != terms.hash()
    assert (body.price, body.tier, body.token.lower()) == (77, "GENERATION", terms.token.lower())
    assert [text.lang for text in body.text] == ["en", "id"]
    assert writable.head().number == height


@pytest.mark.parametrize("text", [[], [("en", "")], [("??", "words")]])
def test_terms_without_a_text_are_refused(
    writable: Application, ledger: SmallLedger, text: list[tuple[str, str]]
) -> None:
    steward = ledger.devnet.signers[11]

    with nothing_left_behind(writable, steward.address), pytest.raises(ManifestInvalid):
        offer_terms(writable, generation_terms(ledger.devnet), text, steward)


def test_a_community_may_say_never_and_no_other_speaks_for_it(
    writable: Application, ledger: SmallLedger, tmp_path: Path
) -> None:
    steward = ledger.devnet.signers[11]
    work = register_work(
        writable, draft_of(recording(tmp_path, "never.wav")), CommunityId(1), steward
    )
    offer = offer_terms(writable, generation_terms(ledger.devnet), [("en", "Maybe.")], steward)
    until = writable.head().timestamp + YEAR_SECONDS

    refuse_consent(writable, work.work_id, Tier.GENERATION, steward)
    at = writable.refresh()

    (consent,) = writable.store.consents(at=at, work_id=work.work_id)
    assert consent.state.name == "REFUSED"
    with pytest.raises(ContractRefused):
        propose_consent(writable, work.work_id, offer, until, ledger.devnet.signers[13])


def test_a_tampered_manifest_is_named_and_its_words_are_not_shown(
    writable: Application, ledger: SmallLedger, tmp_path: Path
) -> None:
    steward = ledger.devnet.signers[11]
    work = register_work(
        writable, draft_of(recording(tmp_path, "true.wav")), CommunityId(1), steward
    )
    path = writable.blocks.path_of(work.manifest)
    path.write_bytes(path.read_bytes().replace(b"Kacapi", b"Kecapi"))

    with pytest.raises(BlockCorrupt) as corrupt:
        get_manifest(writable.blocks, work.manifest, WorkManifest)
    shown = find_work(writable, work.work_id, writable.refresh())

    assert corrupt.value.cid == work.manifest
    assert shown is not None
    assert (shown.titles, shown.title) == ((), UNTOLD)


def test_a_work_of_one_account_needs_no_community(
    writable: Application, ledger: SmallLedger, tmp_path: Path
) -> None:
    alone = ledger.devnet.signers[10]
    draft = draft_of(recording(tmp_path, "alone.opus"), kind=WorkKind.COMPOSITION)

    work = register_work(writable, draft, CommunityId(0), alone)

    body = get_manifest(writable.blocks, work.manifest, WorkManifest).body
    assert writable.works.controller_of(work.work_id, at=writable.head()) == alone.address
    assert (body.kind, body.master.mime) == ("COMPOSITION", "audio/ogg")
