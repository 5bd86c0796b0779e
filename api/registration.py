"""From a recording on disk to a work with a manifest, a split, and consent to its use."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from api.application import Application
from chain.client.signer import LocalSigner
from chain.ledger.identifiers import Address, CommunityId, Digest, WorkId
from chain.ledger.registration import Registration
from chain.ledger.rights import Split, Terms, Tier, WorkKind
from chain.provenance import Cid, LicenceManifest, WorkManifest, add_file, put_manifest, seal
from chain.provenance.errors import ManifestInvalid
from chain.provenance.manifests.licence import LegalText, Withdrawal, WithdrawalEffect
from chain.provenance.manifests.licence import Tier as ManifestTier
from chain.provenance.manifests.work import (
    AccessClass,
    Attribution,
    Consent,
    Culture,
    Custodian,
    Master,
    MasterAccess,
    Title,
    TitleKind,
)
from chain.provenance.manifests.work import WorkKind as ManifestWorkKind
from chain.provenance.unixfs import import_file
from watermark.detection import AudioExamined

NOTICE_SECONDS = 30 * 24 * 60 * 60
MIME_OF_SUFFIX: Mapping[str, str] = {
    ".wav": "audio/wav",
    ".flac": "audio/flac",
    ".mp3": "audio/mpeg",
    ".ogg": "audio/ogg",
    ".opus": "audio/ogg",
}


@dataclass(frozen=True)
class WorkDraft:
    """What a steward says. `titles` are (BCP 47 language, text), the main title first."""

    recording: Path
    titles: Sequence[tuple[str, str]]
    attribution: str
    genre: str
    kind: WorkKind = WorkKind.RECORDING
    generation: Cid | None = None
    consent_record: bytes = b""


@dataclass(frozen=True)
class WorkRegistered:
    work_id: WorkId
    manifest: Cid
    audio: AudioExamined


@dataclass(frozen=True)
class TermsOffered:
    """Terms with the manifest people read; `terms.text_digest` names it."""

    terms: Terms
    manifest: Cid = field(compare=False)


def register_work(
    app: Application, draft: WorkDraft, community: CommunityId, steward: LocalSigner
) -> WorkRegistered:
    """File the master and its manifest, then register the work.

    Nothing is written before audio and draft are sound. Then blocks are, before the chain: a
    manifest without a work is harmless, a work without its manifest is not. Raises what the
    watermark service says of the audio, ManifestInvalid, NotCanonical, ContractRefused.
    """
    audio = app.watermark.examine(draft.recording)
    body = work_manifest(draft, audio, cid_of(draft.recording), community, steward.address)
    manifest = seal(body, issuer=app.account(steward.address), issued_at=app.chain_time())
    add_file(app.blocks, draft.recording)
    put_manifest(app.blocks, manifest)
    receipt = app.works.register(
        Registration(
            community,
            draft.kind,
            Digest(bytes.fromhex(audio.pcm_sha256)),
            Digest(manifest.cid.digest),
        ),
        signer=steward,
    )
    return WorkRegistered(app.works.works_registered(receipt)[0], manifest.cid, audio)


def cid_of(recording: Path) -> Cid:
    """A file's content id; keeps nothing."""
    with recording.open("rb") as stream:
        return import_file(stream, Cid.of).cid


def work_manifest(
    draft: WorkDraft,
    audio: AudioExamined,
    master: Cid,
    community: CommunityId,
    custodian: Address,
) -> WorkManifest:
    """The manifest of an open work. Raises ManifestInvalid with the path of each fault."""
    if not draft.titles:
        raise ManifestInvalid(WorkManifest.SCHEMA, (("title", "a work has at least one title"),))
    titles = tuple(
        Title(lang=lang, value=text, kind=TitleKind.ALTERNATE if at else TitleKind.MAIN)
        for at, (lang, text) in enumerate(draft.titles)
    )
    return WorkManifest(
        kind=ManifestWorkKind[draft.kind.name],
        title=titles,
        master=Master(
            access=MasterAccess.PUBLIC,
            mime=MIME_OF_SUFFIX.get(draft.recording.suffix.lower(), "application/octet-stream"),
            byte_count=draft.recording.stat().st_size,
            sample_rate=audio.sample_rate_hz,
            channels=audio.channels,
            duration_ms=audio.duration_ms,
            cid=master,
            pcm_sha256=f"0x{audio.pcm_sha256}",
        ),
        custodian=Custodian(community_id=community, address=custodian),
        access_class=AccessClass.OPEN,
        consent=Consent(commitment=f"0x{hashlib.sha256(draft.consent_record).hexdigest()}"),
        attribution=Attribution(lang=draft.titles[0][0], text=draft.attribution, required=True),
        culture=Culture(genre=draft.genre),
        generation=None if draft.generation is None else str(draft.generation),
    )


def approve_split(
    app: Application,
    work_id: WorkId,
    bps: Mapping[Address, int],
    community: CommunityId,
    elder: LocalSigner,
) -> None:
    """An elder's part in deciding who is paid first. Raises BadSplit, ContractRefused."""
    decision = app.ledger.split_decision(work_id, 1, Split.of(bps), at=app.head())
    app.consents.approve_decision(community, decision, signer=elder)


def set_split(
    app: Application, work_id: WorkId, bps: Mapping[Address, int], steward: LocalSigner
) -> Split:
    """Say who is paid for a work; where elders have a say, they approved just that before.

    Raises BadSplit before anything is sent, ContractRefused.
    """
    split = Split.of(bps)
    app.ledger.set_split(work_id, split, signer=steward)
    return split


def offer_terms(
    app: Application, terms: Terms, text: Sequence[tuple[str, str]], steward: LocalSigner
) -> TermsOffered:
    """Write the licence manifest and bind the terms to it. Sends nothing."""
    body = LicenceManifest(
        tier=ManifestTier[terms.tier.name],
        token=terms.token,
        price=terms.price,
        unit_price=terms.unit_price,
        royalty_share=terms.royalty_share,
        duration_seconds=terms.duration_seconds,
        unit_cap=terms.unit_cap,
        revenue_cap=terms.revenue_cap,
        withdrawal=Withdrawal(
            notice_seconds=NOTICE_SECONDS, effect=WithdrawalEffect.RUNS_TO_EXPIRY
        ),
        text=tuple(LegalText(lang=lang, value=value) for lang, value in text),
    )
    manifest = seal(body, issuer=app.account(steward.address), issued_at=app.chain_time())
    put_manifest(app.blocks, manifest)
    bound = replace(terms, text_digest=Digest(manifest.cid.digest))
    return TermsOffered(bound, manifest.cid)


def propose_consent(
    app: Application, work_id: WorkId, offer: TermsOffered, until: int, steward: LocalSigner
) -> None:
    """Put terms forward; granted at once when no elder need approve. Raises ContractRefused."""
    app.consents.propose_consent(
        work_id, offer.terms.tier, offer.terms.hash(), until, signer=steward
    )


def refuse_consent(app: Application, work_id: WorkId, tier: Tier, steward: LocalSigner) -> None:
    """Say never. Raises ContractRefused."""
    app.consents.refuse_consent(work_id, tier, signer=steward)
