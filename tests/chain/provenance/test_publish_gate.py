"""Nothing leaves that a rule does not let out: not a restricted byte, name or label, ever."""

from __future__ import annotations

import io
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from manifest_samples import (
    AUDIO,
    AUDIO_CID,
    detection_manifest,
    generation_manifest,
    kept_master,
    label,
    licence_manifest,
    public_master,
    sealed,
    segments_manifest,
    title,
    work_manifest,
)

from chain.provenance import (
    Allowed,
    BlockStore,
    Cid,
    Codec,
    ManifestBody,
    MemoryBlockStore,
    Refused,
    RestrictedBlockStore,
    WorkManifest,
    clear_for_publication,
    encode_canonical,
    export_public_car,
    import_file,
    judge_manifest,
    put_manifest,
)
from chain.provenance.errors import BlockMissing, PublicationRefused
from chain.provenance.manifests.work import (
    AccessClass,
    CulturalLabel,
    Culture,
    MasterAccess,
    Title,
    TitleKind,
)
from chain.provenance.publish_gate import SENSITIVE_LABELS

# Text that occurs nowhere but in the field it is planted in.
NAME_CANARY = "canary-name-of-the-song"
LABEL_CANARY = "canary-label-instance"
CULTURE_CANARY = "canary-region"
AUDIO_CANARY = b"canary-samples-of-the-recording"

access_classes = st.sampled_from(AccessClass)
label_types = st.sampled_from(
    ["attribution", "non_commercial", "SECRET_SACRED", *sorted(SENSITIVE_LABELS)]
)
titles = st.builds(
    Title,
    lang=st.just("und"),
    value=st.just(NAME_CANARY),
    kind=st.sampled_from([TitleKind.MAIN, TitleKind.ALTERNATE]),
)
placeholders = st.just(Title(lang="und", value="untold", kind=TitleKind.PLACEHOLDER))
labels = label_types.map(
    lambda kind: CulturalLabel(
        scheme="local-contexts",
        label_type=kind,
        unique_id=LABEL_CANARY,
        version=1,
        lang="en",
        text_sha256="0x" + "ab" * 32,
    )
)
cultures = st.one_of(st.none(), st.just(Culture(region=CULTURE_CANARY)))


@st.composite
def works(draw: st.DrawFn) -> tuple[WorkManifest, BlockStore]:
    """Any valid work, in a store that wrongly holds its audio too."""
    store = MemoryBlockStore()
    audio = import_file(io.BytesIO(AUDIO_CANARY), store.put).cid
    access_class = draw(access_classes)
    if access_class is AccessClass.OPEN:
        master = public_master(audio)
    elif access_class is AccessClass.SECRET or draw(st.booleans()):
        master = kept_master()
    else:
        master = kept_master(MasterAccess.ENCRYPTED, str(audio))
    named = placeholders if access_class is AccessClass.SECRET else st.one_of(titles, placeholders)
    work = work_manifest(
        access_class=access_class,
        master=master,
        titles=tuple(draw(st.lists(named, min_size=1, max_size=3))),
        labels=tuple(draw(st.lists(labels, max_size=3))),
        culture=draw(cultures),
        licence_terms=(put_manifest(store, sealed(licence_manifest())),)
        if draw(st.booleans())
        else (),
    )
    return work, store


def leaves(work: ManifestBody, store: BlockStore, *, consent_live: bool) -> bytes:
    """Whatever the gate lets out for this manifest; nothing when it refuses."""
    root = put_manifest(store, sealed(work))
    try:
        cleared = clear_for_publication(root, store, consent_is_live=lambda _: consent_live)
    except PublicationRefused:
        return b""
    return b"".join(export_public_car(cleared))


@settings(max_examples=400)
@given(works(), st.booleans())
def test_no_random_work_leaks(made: tuple[WorkManifest, BlockStore], consent_live: bool) -> None:
    work, store = made

    out = leaves(work, store, consent_live=consent_live)

    is_open = work.access_class is AccessClass.OPEN
    assert not (out and not consent_live), "nothing about a work leaves without live consent"
    assert not (out and work.access_class is AccessClass.SECRET), "not even that it exists"
    assert AUDIO_CANARY not in out or is_open, "audio of open works only"
    if work.access_class is AccessClass.RESTRICTED:
        for canary in (NAME_CANARY, LABEL_CANARY, CULTURE_CANARY):
            assert canary.encode() not in out
    if any(each.label_type.lower() in SENSITIVE_LABELS for each in work.labels):
        assert out == b""


def test_an_open_work_with_consent_leaves_whole() -> None:
    store = MemoryBlockStore()
    audio = import_file(io.BytesIO(AUDIO_CANARY), store.put).cid
    terms = put_manifest(store, sealed(licence_manifest()))
    work = work_manifest(master=public_master(audio), labels=(label(),), licence_terms=(terms,))
    root = put_manifest(store, sealed(work))

    cleared = clear_for_publication(root, store, consent_is_live=lambda _: True)

    assert set(cleared.iterate()) == {root, audio, terms}
    assert next(cleared.iterate()) == root
    assert AUDIO_CANARY in b"".join(export_public_car(cleared))


def test_a_restricted_work_leaves_as_a_stand_in() -> None:
    store = MemoryBlockStore()
    work = work_manifest(
        access_class=AccessClass.RESTRICTED,
        titles=(title("untold", TitleKind.PLACEHOLDER),),
    )

    assert leaves(work, store, consent_live=True) != b""
    assert leaves(work, store, consent_live=False) == b""


@pytest.mark.parametrize(
    ("work", "path"),
    [
        (work_manifest(access_class=AccessClass.RESTRICTED), "body.title[0]"),
        (
            work_manifest(
                access_class=AccessClass.RESTRICTED,
                titles=(title("untold", TitleKind.PLACEHOLDER),),
                labels=(label(),),
            ),
            "body.labels",
        ),
        (
            work_manifest(
                access_class=AccessClass.RESTRICTED,
                titles=(title("untold", TitleKind.PLACEHOLDER),),
                culture=Culture(region="ID-BA"),
            ),
            "body.culture",
        ),
        (
            work_manifest(
                access_class=AccessClass.SECRET,
                titles=(title("untold", TitleKind.PLACEHOLDER),),
            ),
            "body.accessClass",
        ),
        (work_manifest(labels=(label(), label("tkss"))), "body.labels[1]"),
        (
            work_manifest(access_class=AccessClass.COMMUNITY, labels=(label("Seasonal"),)),
            "body.labels[0]",
        ),
    ],
)
def test_what_stays_is_named(work: WorkManifest, path: str) -> None:
    verdict = judge_manifest(work, consent_live=True)

    assert isinstance(verdict, Refused)
    assert verdict.path == path


@pytest.mark.parametrize(
    ("body", "without_consent"),
    [
        (work_manifest(), False),
        (generation_manifest(), False),
        (detection_manifest(), False),
        (licence_manifest(), True),
        (segments_manifest(), True),
    ],
    ids=lambda value: getattr(value, "SCHEMA", str(value)),
)
def test_only_licences_and_segments_outlast_consent(
    body: ManifestBody, without_consent: bool
) -> None:
    assert judge_manifest(body, consent_live=True) == Allowed()
    assert (judge_manifest(body, consent_live=False) == Allowed()) is without_consent


def test_a_kind_of_manifest_that_is_not_listed_stays() -> None:
    class Diary(ManifestBody):
        SCHEMA = "antiphon.diary/1"

    verdict = judge_manifest(Diary(), consent_live=True)

    assert isinstance(verdict, Refused)
    assert "not on the list" in verdict.reason


def test_audio_never_leaves_by_its_own_id() -> None:
    store = MemoryBlockStore()
    store.put(Codec.RAW, AUDIO)

    with pytest.raises(PublicationRefused, match="below its manifest"):
        clear_for_publication(AUDIO_CID, store, consent_is_live=lambda _: True)


def test_audio_in_the_place_of_a_licence_stays() -> None:
    store = MemoryBlockStore()
    store.put(Codec.RAW, AUDIO)
    hidden = store.put(Codec.RAW, AUDIO_CANARY)
    root = put_manifest(store, sealed(work_manifest(licence_terms=(hidden,))))

    with pytest.raises(PublicationRefused) as refusal:
        clear_for_publication(root, store, consent_is_live=lambda _: True)

    assert refusal.value.subject == str(hidden)


def test_a_manifest_in_the_place_of_audio_stays() -> None:
    store = MemoryBlockStore()
    secret = put_manifest(store, sealed(work_manifest(access_class=AccessClass.COMMUNITY)))
    root = put_manifest(store, sealed(work_manifest(master=public_master(secret))))

    with pytest.raises(PublicationRefused, match="not content"):
        clear_for_publication(root, store, consent_is_live=lambda _: True)


def test_a_block_on_the_restricted_shelf_stays_whatever_links_it(tmp_path: Path) -> None:
    store, shelf = MemoryBlockStore(), RestrictedBlockStore(tmp_path)
    store.put(Codec.RAW, AUDIO)
    shelf.put(Codec.RAW, AUDIO)
    root = put_manifest(store, sealed(work_manifest()))

    with pytest.raises(PublicationRefused, match="restricted shelf"):
        clear_for_publication(root, store, consent_is_live=lambda _: True, restricted=shelf)


def test_a_block_of_no_known_schema_stays() -> None:
    store = MemoryBlockStore()
    unknown = store.put(Codec.DAG_CBOR, encode_canonical({"schema": "other/1"}))
    garbage = store.put(Codec.DAG_CBOR, b"\xff")

    for cid in (unknown, garbage):
        with pytest.raises(PublicationRefused, match="no manifest known here"):
            clear_for_publication(cid, store, consent_is_live=lambda _: True)


def test_a_block_that_is_not_held_is_missing_not_published() -> None:
    store = MemoryBlockStore()
    root = put_manifest(store, sealed(work_manifest()))

    with pytest.raises(BlockMissing):
        clear_for_publication(root, store, consent_is_live=lambda _: True)


def test_consent_is_asked_for_each_manifest() -> None:
    store = MemoryBlockStore()
    store.put(Codec.RAW, AUDIO)
    withdrawn = put_manifest(store, sealed(work_manifest()))
    root = put_manifest(store, sealed(work_manifest(licence_terms=(withdrawn,))))

    with pytest.raises(PublicationRefused, match="consent") as refusal:
        clear_for_publication(root, store, consent_is_live=lambda cid: cid == root)

    assert refusal.value.subject == str(withdrawn)


def test_the_view_shows_nothing_but_what_was_cleared() -> None:
    store = MemoryBlockStore()
    store.put(Codec.RAW, AUDIO)
    other = store.put(Codec.RAW, b"not cleared")
    root = put_manifest(store, sealed(work_manifest()))
    cleared = clear_for_publication(root, store, consent_is_live=lambda _: True)

    assert cleared.has(AUDIO_CID)
    assert not cleared.has(other)
    assert cleared.get(AUDIO_CID) == AUDIO
    with pytest.raises(BlockMissing):
        cleared.get(other)
    with pytest.raises(BlockMissing):
        cleared.get(Cid.of(Codec.RAW, b"nowhere"))
