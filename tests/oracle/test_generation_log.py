"""Generation logs: their EIP-712 form against an independent encoder, and every refusal."""

from __future__ import annotations

import dataclasses

import pytest
from eth_account import Account
from eth_account.messages import encode_typed_data

from chain.client.signer import LocalSigner
from chain.ledger.generations import generation_of
from chain.ledger.identifiers import Digest, GenerationId, LicenceId
from chain.ledger.rights import Tier
from oracle.errors import (
    EvidenceMalformed,
    LicenceUnfit,
    SignatureForged,
    SignatureMalformed,
)
from oracle.generation_log import (
    GenerationLog,
    SignedGenerationLog,
    generation_log_domain,
    sign_generation_log,
    verify_generation_log,
)
from oracle.typed_data import CURVE_ORDER, recover_signer
from tests.oracle.evidence_fixtures import (
    CHAIN_ID,
    DAY,
    GENERATION,
    GRAPH,
    NOW,
    ORACLE,
    PLATFORM,
    SALT,
    STRANGER,
    LittleWorld,
    a_log,
    little_world,
)

DOMAIN = generation_log_domain(CHAIN_ID, GRAPH)


def as_wallets_see_it(log: GenerationLog, *, chain_id: int = CHAIN_ID) -> dict[str, object]:
    """The same log as a wallet is asked to sign it, written out independently."""
    types = {
        "EIP712Domain": [
            {"name": "name", "type": "string"},
            {"name": "version", "type": "string"},
            {"name": "chainId", "type": "uint256"},
            {"name": "verifyingContract", "type": "address"},
        ],
        "GenerationLog": [
            {"name": "generationId", "type": "uint64"},
            {"name": "salt", "type": "bytes32"},
            {"name": "manifestDigest", "type": "bytes32"},
            {"name": "outputCommitment", "type": "bytes32"},
            {"name": "licenceIds", "type": "uint64[]"},
            {"name": "startedAt", "type": "uint64"},
            {"name": "endedAt", "type": "uint64"},
            {"name": "platform", "type": "address"},
        ],
    }
    return {
        "types": types,
        "primaryType": "GenerationLog",
        "domain": {
            "name": "Antiphon Generation Log",
            "version": "1",
            "chainId": chain_id,
            "verifyingContract": GRAPH,
        },
        "message": {
            "generationId": log.generation_id,
            "salt": log.salt,
            "manifestDigest": log.manifest_digest,
            "outputCommitment": log.output_commitment,
            "licenceIds": list(log.licence_ids),
            "startedAt": log.started_at,
            "endedAt": log.ended_at,
            "platform": log.platform,
        },
    }


def verify(signed: SignedGenerationLog, world: LittleWorld | None = None) -> None:
    world = world or little_world()
    standings = {LicenceId(k): v for k, v in world.licences.items()}
    verify_generation_log(signed, DOMAIN, standings, now=NOW)


@pytest.mark.parametrize(
    "log",
    [
        a_log(),
        a_log(generation_id=GenerationId(2**64 - 1), licence_ids=(LicenceId(2**64 - 1),)),
        a_log(licence_ids=tuple(LicenceId(i) for i in range(1, 17))),
    ],
)
def test_a_wallet_and_the_oracle_sign_the_same_bytes(log: GenerationLog) -> None:
    signable = encode_typed_data(full_message=as_wallets_see_it(log))

    signed = sign_generation_log(log, PLATFORM, DOMAIN)

    assert signed.log.log_id == signable.body
    assert Account.recover_message(signable, signature=signed.signature) == PLATFORM.address
    assert recover_signer(DOMAIN.digest(log.log_id), signed.signature) == PLATFORM.address


def test_a_signed_log_is_accepted() -> None:
    verify(sign_generation_log(a_log(), PLATFORM, DOMAIN))


def test_any_changed_field_makes_the_signature_a_forgery() -> None:
    signed = sign_generation_log(a_log(), PLATFORM, DOMAIN)
    changes = {
        "generation_id": GenerationId(8),
        "salt": b"\1" * 32,
        "manifest_digest": b"\1" * 32,
        "output_commitment": b"\1" * 32,
        "licence_ids": (LicenceId(1),),
        "started_at": NOW - 61,
        "ended_at": NOW - 29,
    }
    for name, value in changes.items():
        altered = dataclasses.replace(signed.log, **{name: value})
        with pytest.raises(SignatureForged) as refusal:
            verify(SignedGenerationLog(altered, signed.signature))
        assert refusal.value.claimed == PLATFORM.address


def test_a_log_signed_by_a_stranger_is_forged() -> None:
    with pytest.raises(SignatureForged) as refusal:
        verify(sign_generation_log(a_log(), STRANGER, DOMAIN))

    assert refusal.value.recovered == STRANGER.address


def test_a_log_signed_for_another_contract_is_forged() -> None:
    elsewhere = generation_log_domain(CHAIN_ID, STRANGER.address)

    with pytest.raises(SignatureForged):
        verify(sign_generation_log(a_log(), PLATFORM, elsewhere))


def test_the_malleable_twin_of_a_signature_is_refused() -> None:
    signed = sign_generation_log(a_log(), PLATFORM, DOMAIN)
    r, s, v = signed.signature[:32], int.from_bytes(signed.signature[32:64]), signed.signature[64]
    twin = r + (CURVE_ORDER - s).to_bytes(32) + bytes([27 + 28 - v])

    with pytest.raises(SignatureMalformed, match="upper half"):
        verify(SignedGenerationLog(signed.log, twin))


@pytest.mark.parametrize(
    "signature",
    [b"", b"\0" * 64, b"\0" * 65, b"\1" * 64 + b"\0", b"\xff" * 31 + b"\0" * 33 + b"\x1b"],
)
def test_bytes_that_are_no_signature_are_refused(signature: bytes) -> None:
    with pytest.raises(SignatureMalformed):
        verify(SignedGenerationLog(a_log(), signature))


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"holder": STRANGER.address}, "is held by"),
        ({"tier": Tier.TRAINING}, "not GENERATION"),
        ({"tier": Tier.DISTRIBUTION}, "not GENERATION"),
        ({"expiry": NOW - 60}, "expired"),
        ({"taken_at": NOW - 59}, "after the run began"),
    ],
)
def test_a_licence_that_does_not_cover_the_run_is_named(
    change: dict[str, object], reason: str
) -> None:
    world = little_world()
    world.change_licence(2, **change)

    with pytest.raises(LicenceUnfit, match=reason) as refusal:
        verify(sign_generation_log(a_log(), PLATFORM, DOMAIN), world)

    assert refusal.value.licence_id == 2


def test_an_unknown_licence_is_named() -> None:
    world = little_world()
    del world.licences[1]

    with pytest.raises(LicenceUnfit, match="licence 1 is unknown"):
        verify(sign_generation_log(a_log(), PLATFORM, DOMAIN), world)


@pytest.mark.parametrize(
    ("log", "signer"),
    [
        (a_log(platform=STRANGER.address), STRANGER),
        (a_log(generation_id=GenerationId(GENERATION ^ 1)), PLATFORM),
        (a_log(salt=Digest(bytes(32))), PLATFORM),
        (a_log(generation_id=generation_of(1, GRAPH, PLATFORM.address, SALT)), PLATFORM),
        (a_log(generation_id=generation_of(CHAIN_ID, ORACLE, PLATFORM.address, SALT)), PLATFORM),
    ],
    ids=["another platform", "another id", "another salt", "another chain", "another graph"],
)
def test_a_generation_that_does_not_follow_from_platform_and_salt_is_refused(
    log: GenerationLog, signer: LocalSigner
) -> None:
    with pytest.raises(EvidenceMalformed, match="which this platform links with this salt") as no:
        verify(sign_generation_log(log, signer, DOMAIN))

    assert no.value.field == "generationId"


def test_a_run_that_ends_in_the_future_is_refused() -> None:
    log = a_log(ended_at=NOW + DAY)

    with pytest.raises(EvidenceMalformed) as refusal:
        verify(sign_generation_log(log, PLATFORM, DOMAIN))

    assert refusal.value.field == "endedAt"


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"generation_id": GenerationId(0)}, "generationId"),
        ({"generation_id": GenerationId(2**64)}, "generationId"),
        ({"licence_ids": ()}, "licenceIds"),
        ({"licence_ids": (LicenceId(2), LicenceId(1))}, "licenceIds"),
        ({"licence_ids": (LicenceId(1), LicenceId(1))}, "licenceIds"),
        ({"licence_ids": (LicenceId(0),)}, "licenceIds"),
        ({"licence_ids": tuple(LicenceId(i) for i in range(1, 18))}, "licenceIds"),
        ({"started_at": -1}, "startedAt"),
        ({"started_at": NOW, "ended_at": NOW - 1}, "endedAt"),
        ({"salt": b"short"}, "salt"),
        ({"manifest_digest": b"short"}, "manifestDigest"),
        ({"output_commitment": b""}, "outputCommitment"),
        ({"platform": "0x12"}, "platform"),
        ({"platform": "0x5FbDB2315678afecb367f032d93F642f64180aA3"}, "platform"),
    ],
)
def test_a_field_out_of_bounds_is_named(change: dict[str, object], field: str) -> None:
    with pytest.raises(EvidenceMalformed) as refusal:
        a_log(**change)

    assert refusal.value.field == field


def test_the_wire_form_reads_back_as_the_same_log() -> None:
    log = a_log(generation_id=GenerationId(2**64 - 1))

    assert GenerationLog.from_json(log.to_json()) == log


@pytest.mark.parametrize("field", list(a_log().to_json()))
def test_a_missing_or_odd_wire_field_is_named(field: str) -> None:
    wire = a_log().to_json()
    for damage in ({}, {field: None}, {field: "no"}):
        damaged = {k: v for k, v in wire.items() if k != field} | damage
        with pytest.raises(EvidenceMalformed) as refusal:
            GenerationLog.from_json(damaged)
        assert refusal.value.field == field
