"""Manifests are closed: what is not in the schema, or not in its one form, is refused by place."""

from __future__ import annotations

import copy
from collections.abc import Callable
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest
from manifest_samples import (
    AUDIO_CID,
    DIGEST,
    ISSUER,
    NOON,
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
    Cid,
    Codec,
    LicenceManifest,
    ManifestBody,
    MemoryBlockStore,
    WorkManifest,
    decode_canonical,
    encode_canonical,
    get_manifest,
    open_manifest,
    put_manifest,
    render_json,
    seal,
)
from chain.provenance.errors import BlockCorrupt, ManifestInvalid, NotCanonical, ProvenanceError
from chain.provenance.manifests import KINDS, detection, licence, open_as, work

SAMPLES: dict[str, Callable[[], ManifestBody]] = {
    "antiphon.work/1": work_manifest,
    "antiphon.licence/1": licence_manifest,
    "antiphon.generation/1": generation_manifest,
    "antiphon.detection/1": detection_manifest,
    "antiphon.segments/1": segments_manifest,
}


def wire(body: ManifestBody) -> Any:
    return decode_canonical(sealed(body).block)


def reopened(value: object) -> None:
    open_manifest(encode_canonical(value))


def test_every_kind_has_a_sample() -> None:
    assert KINDS.keys() == SAMPLES.keys()


@pytest.mark.parametrize("schema", SAMPLES)
def test_a_manifest_reads_back_as_it_was_sealed(schema: str) -> None:
    manifest = sealed(SAMPLES[schema]())

    assert open_manifest(manifest.block, cid=manifest.cid) == manifest


@pytest.mark.parametrize("schema", SAMPLES)
def test_the_wire_form_is_the_documented_one(schema: str) -> None:
    value = wire(SAMPLES[schema]())

    assert value["schema"] == schema
    assert value["issuer"] == ISSUER
    assert value["issuedAt"] == "2026-01-31T12:00:00Z"
    assert "prev" not in value


def test_a_golden_work_manifest_keeps_its_bytes() -> None:
    """Changing these bytes changes what digests on chain mean: that needs a new schema version."""
    value = {
        "schema": "antiphon.work/1",
        "issuer": ISSUER,
        "issuedAt": "2026-01-31T12:00:00Z",
        "body": {
            "kind": "RECORDING",
            "title": [{"lang": "jv-Java", "value": "ꦒꦼꦤ꧀ꦝꦶꦁ", "kind": "main"}],
            "master": {
                "access": "public",
                "mime": "audio/flac",
                "byteCount": 26,
                "sampleRate": 48_000,
                "channels": 2,
                "durationMs": 30_000,
                "cid": AUDIO_CID,
                "pcmSha256": DIGEST,
            },
            "custodian": {"communityId": "7", "address": "0x" + "22" * 20},
            "accessClass": "open",
            "consent": {"commitment": DIGEST},
            "attribution": {"lang": "en", "text": "Played for the harvest.", "required": True},
            "labels": [],
            "licenceTerms": [],
        },
    }

    assert sealed(work_manifest()).block == encode_canonical(value)


def test_terms_travel_as_decimal_text() -> None:
    body = wire(licence_manifest())["body"]

    numbers = {
        key: body[key]
        for key in ("price", "unitPrice", "royaltyShare", "durationSeconds", "unitCap")
    }
    assert numbers == {
        "price": "25000000",
        "unitPrice": "170141183460469231731687303715884105728",
        "royaltyShare": "150000000",
        "durationSeconds": "31536000",
        "unitCap": "1000000",
    }
    assert body["revenueCap"] == "1" + "0" * 30


def test_public_audio_is_linked_and_cited_audio_is_text() -> None:
    assert wire(work_manifest())["body"]["master"]["cid"] == AUDIO_CID
    assert wire(generation_manifest())["body"]["output"]["cid"] == str(AUDIO_CID)


def test_an_address_is_lower_case_whatever_it_came_as() -> None:
    custodian = work.Custodian(community_id=1, address="0x" + "Ab" * 20)

    assert custodian.address == "0x" + "ab" * 20


def test_a_version_cites_the_one_before() -> None:
    first = sealed(work_manifest())
    second = seal(work_manifest(), issuer=ISSUER, issued_at=NOON, prev=first.cid)

    assert second.prev == str(first.cid)
    assert open_manifest(second.block).prev == str(first.cid)


def test_fractions_of_a_second_are_dropped() -> None:
    manifest = seal(work_manifest(), issuer=ISSUER, issued_at=NOON.replace(microsecond=999_999))

    assert manifest.issued_at == NOON


@pytest.mark.parametrize(
    "issued_at",
    [datetime(2026, 1, 31), datetime(2026, 1, 31, tzinfo=timezone(timedelta(hours=7)))],  # noqa: DTZ001
    ids=["naive", "not UTC"],
)
def test_a_time_that_is_not_aware_utc_is_refused(issued_at: datetime) -> None:
    with pytest.raises(ManifestInvalid, match="UTC"):
        seal(work_manifest(), issuer=ISSUER, issued_at=issued_at)


def test_a_store_hands_out_typed_manifests() -> None:
    store = MemoryBlockStore()
    cid = put_manifest(store, sealed(licence_manifest()))

    assert get_manifest(store, cid, LicenceManifest).body.price == 25_000_000
    with pytest.raises(ManifestInvalid, match=r"antiphon\.work/1 refused: schema"):
        get_manifest(store, cid, WorkManifest)


def test_a_block_under_another_name_is_corrupt() -> None:
    manifest = sealed(work_manifest())
    other = Cid.of(Codec.DAG_CBOR, b"other")

    for read in (open_manifest, lambda block, cid: open_as(WorkManifest, block, cid=cid)):
        with pytest.raises(BlockCorrupt) as refusal:
            read(manifest.block, cid=other)
        assert refusal.value.cid == other


def test_every_changed_byte_changes_the_name_or_is_refused() -> None:
    manifest = sealed(work_manifest())

    for at in range(len(manifest.block)):
        altered = manifest.block[:at] + bytes([manifest.block[at] ^ 1]) + manifest.block[at + 1 :]
        with pytest.raises(ProvenanceError):
            open_manifest(altered, cid=manifest.cid)


def test_people_see_links_as_dag_json() -> None:
    shown: Any = render_json(sealed(work_manifest()))

    assert shown["body"]["master"]["cid"] == {"/": str(AUDIO_CID)}
    assert shown["body"]["title"][0]["value"] == "ꦒꦼꦤ꧀ꦝꦶꦁ"


def paths_into(value: object, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """Every map inside a wire value."""
    found: list[tuple[Any, ...]] = []
    if isinstance(value, dict):
        found.append(path)
        for key, item in value.items():
            found += paths_into(item, (*path, key))
    elif isinstance(value, list):
        for at, item in enumerate(value):
            found += paths_into(item, (*path, at))
    return found


def at_path(value: Any, path: tuple[Any, ...]) -> Any:
    for step in path:
        value = value[step]
    return value


def printed(path: tuple[Any, ...]) -> str:
    return "".join(f"[{s}]" if isinstance(s, int) else f".{s}" for s in path).lstrip(".")


@pytest.mark.parametrize("schema", SAMPLES)
def test_an_unknown_key_anywhere_is_refused_by_its_place(schema: str) -> None:
    value = wire(SAMPLES[schema]())

    for path in paths_into(value):
        altered = copy.deepcopy(value)
        at_path(altered, path)["extra"] = 1
        with pytest.raises(ManifestInvalid) as refusal:
            reopened(altered)
        assert refusal.value.path == printed((*path, "extra"))


@pytest.mark.parametrize("schema", SAMPLES)
def test_every_field_that_is_missing_or_of_another_type_is_refused(schema: str) -> None:
    value = wire(SAMPLES[schema]())
    optional = {"culture", "chain", "previous", "generationId", "bitErrors", "corroboration"}

    for path in paths_into(value):
        for key in list(at_path(value, path)):
            if key in optional:
                continue
            missing, retyped = copy.deepcopy(value), copy.deepcopy(value)
            del at_path(missing, path)[key]
            at_path(retyped, path)[key] = {"wrong": {"wrong": True}}
            for altered in (missing, retyped):
                with pytest.raises((ManifestInvalid, NotCanonical)) as refusal:
                    reopened(altered)
                assert printed((*path, key)) in str(refusal.value)


@pytest.mark.parametrize(
    ("path", "other"),
    [
        (("body", "custodian", "communityId"), 7),
        (("body", "custodian", "communityId"), "07"),
        (("body", "custodian", "communityId"), "-7"),
        (("body", "custodian", "communityId"), str(2**256)),
        (("body", "custodian", "address"), "0x" + "AB" * 20),
        (("body", "attribution", "required"), 1),
        (("body", "master", "channels"), True),
        (("body", "master", "channels"), "2"),
        (("body", "master", "byteCount"), -1),
        (("body", "master", "cid"), str(AUDIO_CID)),
        (("body", "master", "pcmSha256"), DIGEST.upper()),
        (("body", "master", "access"), "somewhere"),
        (("body", "title", 0, "lang"), "not a language"),
        (("body", "title", 0, "value"), ""),
        (("body", "title"), []),
        (("body", "licenceTerms"), [str(AUDIO_CID)]),
        (("issuedAt",), "2026-01-31T12:00:00.0Z"),
        (("issuedAt",), "2026-01-31T12:00:00+00:00"),
        (("issuedAt",), "2026-02-31T12:00:00Z"),
        (("issuer",), "0x" + "11" * 20),
        (("prev",), AUDIO_CID),
        (("prev",), "Qm"),
        (("body",), "text"),
    ],
)
def test_another_form_of_a_field_is_refused_by_its_place(
    path: tuple[Any, ...], other: object
) -> None:
    value = wire(work_manifest())
    at_path(value, path[:-1])[path[-1]] = other

    with pytest.raises((ManifestInvalid, NotCanonical)) as refusal:
        reopened(value)

    assert printed(path) in str(refusal.value)


@pytest.mark.parametrize("schema", ["antiphon.work/2", "", "hl.work/1"])
def test_an_unknown_schema_is_refused(schema: str) -> None:
    value = wire(work_manifest())
    value["schema"] = schema

    with pytest.raises(ManifestInvalid, match="none of"):
        reopened(value)


@pytest.mark.parametrize("value", [{}, [], 1, {"schema": 1}])
def test_what_claims_no_schema_is_no_manifest(value: object) -> None:
    with pytest.raises(ManifestInvalid, match="schema"):
        reopened(value)


@pytest.mark.parametrize(
    ("build", "path"),
    [
        (lambda: work_manifest(access_class=work.AccessClass.OPEN, master=kept_master()), "master"),
        (
            lambda: work_manifest(access_class=work.AccessClass.RESTRICTED, master=public_master()),
            "master",
        ),
        (
            lambda: work_manifest(
                access_class=work.AccessClass.SECRET,
                master=kept_master(work.MasterAccess.ENCRYPTED, str(AUDIO_CID)),
                titles=(title(kind=work.TitleKind.PLACEHOLDER),),
            ),
            "master.access",
        ),
        (lambda: work_manifest(access_class=work.AccessClass.SECRET), "title[0].kind"),
        (lambda: kept_master(cid=str(AUDIO_CID)), "cid"),
        (lambda: licence_manifest(licence.Tier.TRAINING, 1), "royaltyShare"),
        (lambda: licence_manifest(royalty_share=10**9 + 1), "royalty_share"),
        (lambda: generation_manifest((3, 3)), "inputs"),
        (
            lambda: detection.Corroboration(
                outcome="same-recording", compared=3, agreeing=4, false_agreement="0"
            ),
            "agreeing",
        ),
        (
            lambda: detection.DetectionResult(
                present=False, score="0.1", generation_id="0x" + "0" * 16
            ),
            "generationId",
        ),
    ],
)
def test_a_record_that_contradicts_itself_cannot_be_built(
    build: Callable[[], object], path: str
) -> None:
    with pytest.raises(ManifestInvalid) as refusal:
        build()

    assert refusal.value.path.startswith(path)


def test_a_whole_that_is_not_the_sum_of_its_segments_is_refused() -> None:
    value = wire(segments_manifest())
    value["body"]["eventCount"] = 4101

    with pytest.raises(ManifestInvalid) as refusal:
        reopened(value)

    assert refusal.value.path == "body.eventCount"


def test_a_contradiction_read_from_a_block_names_its_place() -> None:
    value = wire(generation_manifest())
    value["body"]["endedAt"] = "2025-01-31T12:00:00Z"
    value["body"]["output"]["durationMs"] = -1

    with pytest.raises(ManifestInvalid) as refusal:
        reopened(value)
    assert refusal.value.path == "body.output.durationMs"

    value["body"]["output"]["durationMs"] = 1
    with pytest.raises(ManifestInvalid) as refusal:
        reopened(value)
    assert refusal.value.faults == (("body.endedAt", "is before startedAt"),)


def test_all_faults_are_told_at_once() -> None:
    value = wire(work_manifest())
    value["body"]["master"]["channels"] = "two"
    value["body"]["custodian"]["address"] = "nowhere"

    with pytest.raises(ManifestInvalid) as refusal:
        reopened(value)

    assert {path for path, _ in refusal.value.faults} == {
        "body.master.channels",
        "body.custodian.address",
    }


def test_text_outside_normal_form_c_is_refused_when_sealed() -> None:
    with pytest.raises(NotCanonical) as refusal:
        sealed(work_manifest(titles=(title("e\u0301"),)))

    assert refusal.value.path == "body.title[0].value"


def test_more_items_than_a_list_may_have_are_refused() -> None:
    with pytest.raises(ManifestInvalid, match="256"):
        work_manifest(labels=(label(),) * 257)


def test_a_manifest_over_64_kib_is_refused() -> None:
    texts = tuple(title("x" * 8000) for _ in range(9))

    with pytest.raises(NotCanonical, match="over the limit"):
        sealed(work_manifest(titles=texts))


def test_issued_at_reads_back_aware() -> None:
    assert open_manifest(sealed(work_manifest()).block).issued_at.tzinfo is UTC


def test_a_container_is_not_blamed_for_its_item() -> None:
    value = wire(work_manifest())
    value["body"]["title"][0]["lang"] = 3

    with pytest.raises(ManifestInvalid) as refusal:
        reopened(value)

    assert [path for path, _ in refusal.value.faults] == ["body.title[0].lang"]


@pytest.mark.parametrize(
    ("body", "changes", "path"),
    [
        (licence_manifest(), {"duration_seconds": 0}, "durationSeconds"),
        (segments_manifest(), {"epoch": 0}, "epoch"),
        (generation_manifest(), {"started_at": NOON - timedelta(microseconds=1)}, "started_at"),
        (
            detection_manifest(),
            {"result": detection.DetectionResult(present=False, score="0")},
            "chain",
        ),
    ],
    ids=["no duration", "epoch zero", "a fraction of a second", "a chain from nothing"],
)
def test_a_valid_record_with_one_wrong_part_cannot_be_built(
    body: ManifestBody, changes: dict[str, object], path: str
) -> None:
    parts = {name: getattr(body, name) for name in type(body).model_fields} | changes

    with pytest.raises(ManifestInvalid) as refusal:
        type(body)(**parts)

    assert [place for place, _ in refusal.value.faults] == [path]
