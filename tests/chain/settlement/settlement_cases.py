"""A small chain to settle over: two recordings, a derivative of both, and four licences."""

from __future__ import annotations

import dataclasses
import hashlib
from typing import Any

from chain.ledger.identifiers import (
    Address,
    Digest,
    EpochNumber,
    GenerationId,
    LicenceId,
    WorkId,
    address_from_bytes,
)
from chain.ledger.rights import Parent, Split, Terms, Tier
from chain.ledger.usage import UsageEvent, UsageKind
from chain.ledger.vectors import AncestorShare, AncestorVector
from chain.settlement.facts import DerivativeFacts, LicenceFacts, SettlementState

TAKEN_AT = 1_800_000_000
EXPIRY = TAKEN_AT + 1_000_000
TOKEN = address_from_bytes(b"\x77" * 20)
OTHER_TOKEN = address_from_bytes(b"\x88" * 20)

FIRST, SECOND, DERIVED, GRANDCHILD = WorkId(1), WorkId(2), WorkId(3), WorkId(4)
# 3 comes from 1 and 2, 4 from 3 alone.
GENERATION_OF_3, GENERATION_OF_4 = GenerationId(0xAAAA), GenerationId(0xBBBB)
PLAY_1, PLAY_2, MAKE_1, PLAY_3 = LicenceId(1), LicenceId(2), LicenceId(3), LicenceId(4)
TRAIN_1 = LicenceId(5)

VECTOR_OF_3 = AncestorVector(
    (AncestorShare(FIRST, 150_000_000), AncestorShare(SECOND, 333_333_333))
)
VECTOR_OF_4 = AncestorVector(
    (
        AncestorShare(FIRST, 15_000_000),
        AncestorShare(SECOND, 33_333_333),
        AncestorShare(DERIVED, 51_666_667),
    )
)


def account(number: int) -> Address:
    return address_from_bytes(number.to_bytes(20, "big"))


ALICE, BETO, CHEN = account(0xA1), account(0xB2), account(0xC3)
PLATFORM, RIVAL = account(0xD4), account(0xE5)
# More than any case uses.
AMPLE = 10**40


def licence(work: WorkId, tier: Tier, unit_price: int, **changed: Any) -> LicenceFacts:
    terms = Terms(
        tier=tier,
        token=changed.pop("token", TOKEN),
        price=0,
        unit_price=unit_price,
        royalty_share=0,
        duration_seconds=EXPIRY - TAKEN_AT,
        unit_cap=changed.pop("unit_cap", 1_000_000),
        revenue_cap=changed.pop("revenue_cap", 10**30),
        text_digest=Digest(bytes(32)),
    )
    holder = changed.pop("holder", PLATFORM)
    return LicenceFacts(work, tier, terms, TAKEN_AT, EXPIRY, holder, **changed)


STATE = SettlementState(
    token=TOKEN,
    epoch=EpochNumber(3),
    previous_report=Digest(b"\x01" * 32),
    block=1_234,
    time=1_700_001_234,
    licences={
        PLAY_1: licence(FIRST, Tier.DISTRIBUTION, 7),
        PLAY_2: licence(SECOND, Tier.DISTRIBUTION, 1_001),
        MAKE_1: licence(FIRST, Tier.GENERATION, 20_000),
        PLAY_3: licence(DERIVED, Tier.DISTRIBUTION, 999),
        TRAIN_1: licence(FIRST, Tier.TRAINING, 5),
    },
    derivatives={
        GENERATION_OF_3: DerivativeFacts(DERIVED, (Parent(FIRST, MAKE_1), Parent(SECOND, MAKE_1))),
        GENERATION_OF_4: DerivativeFacts(GRANDCHILD, (Parent(DERIVED, PLAY_3),)),
    },
    vectors={DERIVED: VECTOR_OF_3, GRANDCHILD: VECTOR_OF_4},
    splits={
        FIRST: Split.of({ALICE: 3_333, BETO: 6_667}),
        SECOND: Split.of({BETO: 10_000}),
        DERIVED: Split.of({CHEN: 9_999, ALICE: 1}),
    },
    credits={PLATFORM: AMPLE},
)


def with_licence(licence_id: LicenceId, facts: LicenceFacts) -> SettlementState:
    return dataclasses.replace(STATE, licences={**STATE.licences, licence_id: facts})


def event(
    number: int,
    licence_id: LicenceId = PLAY_1,
    kind: UsageKind = UsageKind.PLAY,
    generation: GenerationId = GENERATION_OF_3,
    at: int = TAKEN_AT,
) -> UsageEvent:
    """Event `number`, distinct from all others by its source."""
    source = Digest(hashlib.sha256(str(number).encode()).digest())
    return UsageEvent(kind, licence_id, generation, source, at)
