"""A derivative on the record: marked, logged, registered and linked to its parents."""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from api.application import Application
from api.errors import LicenceUnfit
from api.registration import WorkDraft, work_manifest
from chain.client.signer import LocalSigner
from chain.ledger.generations import generation_of
from chain.ledger.identifiers import (
    DIGEST_BYTES,
    CommunityId,
    Digest,
    GenerationId,
    LicenceId,
    WorkId,
)
from chain.ledger.registration import Registration
from chain.ledger.rights import Parent, Tier, WorkKind
from chain.provenance import (
    Cid,
    GenerationManifest,
    add_file,
    put_manifest,
    seal,
)
from chain.provenance.manifests.generation import (
    Contribution,
    Disclosure,
    Input,
    Model,
    Output,
    Watermark,
)
from oracle.generation_log import (
    GenerationLog,
    SignedGenerationLog,
    generation_log_domain,
    sign_generation_log,
)
from watermark.client import EmbedResult
from watermark.detection import AudioExamined
from watermark.payload import GENERATION_ID_BITS
from watermark.payload import GenerationId as MarkedId

INDEPENDENT = CommunityId(0)
MARK_ALGORITHM = "antiphon.cellmark.1"
Progress = Callable[[float], None]


@dataclass(frozen=True)
class ParentUsed:
    """A licensed work that went in, with the manifest it had and the ancestors it brings along."""

    work_id: WorkId
    licence_id: LicenceId
    manifest: Cid
    vector: bytes = b""


@dataclass(frozen=True)
class Generator:
    """What made the output. `program_sha256` stands in where there are no weights."""

    name: str
    version: str
    program_sha256: str


@dataclass(frozen=True)
class Run:
    """One run of a generator: its unmarked output and when it ran. `title` is (language, text)."""

    output: Path
    title: tuple[str, str]
    parents: Sequence[ParentUsed]
    generator: Generator
    prompt: bytes
    started_at: datetime
    ended_at: datetime


@dataclass(frozen=True)
class DerivativeFiled:
    """Everything the run left behind. `vector` is the encoded ancestor vector."""

    generation_id: GenerationId
    work_id: WorkId
    marked: Path
    embed: EmbedResult
    manifest: Cid
    log: SignedGenerationLog
    vector: bytes


def file_derivative(
    app: Application,
    run: Run,
    target: Path,
    platform: LocalSigner,
    progress: Progress | None = None,
) -> DerivativeFiled:
    """Mark the output, write both manifests, sign the log, register the derivative and link it.

    `target` receives the marked audio. The log still has to be filed with the oracle. Raises
    LicenceUnfit before anything is made; then what the watermark service says of the audio,
    ManifestInvalid, ContractRefused.
    """
    require_fit(app, run.parents, platform)
    salt = Digest(secrets.token_bytes(DIGEST_BYTES))
    generation = generation_of(app.deployment.chain_id, app.graph.address, platform.address, salt)
    embed = app.watermark.embed(run.output, MarkedId(generation), progress)
    target.write_bytes(embed.audio_bytes)
    audio = app.watermark.examine(target)
    output = add_file(app.blocks, target).cid

    body = run_manifest(run, embed, salt, audio, output, app.account(platform.address))
    manifest = seal(body, issuer=app.account(platform.address), issued_at=app.chain_time())
    put_manifest(app.blocks, manifest)
    log = signed_log(app, run, generation, salt, audio, manifest.cid, platform)
    work_id = register_derivative(app, run, target, audio, output, manifest.cid, platform)
    vector = link(app, work_id, salt, run.parents, platform)
    return DerivativeFiled(generation, work_id, target, embed, manifest.cid, log, vector)


def require_fit(app: Application, parents: Sequence[ParentUsed], platform: LocalSigner) -> None:
    """Every parent has a live GENERATION licence of the platform's own.

    The contract asks the same at the link, when the derivative is registered already. Raises
    LicenceUnfit, and ContractRefused for a licence that nobody took.
    """
    at = app.head()
    for parent in parents:
        licence = app.licences.licence_of(parent.licence_id, at=at)
        reason = None
        if licence.work_id != parent.work_id:
            reason = f"it is for work {licence.work_id}"
        elif licence.tier is not Tier.GENERATION:
            reason = f"it is for {licence.tier.name}"
        elif licence.holder != platform.address:
            reason = f"it belongs to {licence.holder}"
        elif not app.licences.is_active(parent.licence_id, at=at):
            reason = "it has run out"
        if reason is not None:
            raise LicenceUnfit(parent.licence_id, parent.work_id, reason)


def run_manifest(
    run: Run, embed: EmbedResult, salt: Digest, audio: AudioExamined, output: Cid, operator: str
) -> GenerationManifest:
    """The generation log as a manifest. Raises ManifestInvalid."""
    return GenerationManifest(
        generation_id=str(embed.generation_id),
        generation_salt=f"0x{salt.hex()}",
        operator=operator,
        licence_ids=licence_ids(run),
        inputs=tuple(Input(work_id=p.work_id, manifest_cid=str(p.manifest)) for p in run.parents),
        model=Model(
            name=run.generator.name,
            version=run.generator.version,
            sha256=f"0x{run.generator.program_sha256}",
        ),
        prompt_commitment=f"0x{hashlib.sha256(run.prompt).hexdigest()}",
        output=Output(
            cid=str(output),
            pcm_sha256=f"0x{audio.pcm_sha256}",
            mime=embed.media_type,
            sample_rate=audio.sample_rate_hz,
            channels=audio.channels,
            duration_ms=audio.duration_ms,
        ),
        watermark=Watermark(alg=MARK_ALGORITHM, key_id=embed.key_id, id_bits=GENERATION_ID_BITS),
        disclosure=Disclosure(
            vocals=Contribution.NONE,
            instrumentation=Contribution.PARTIAL,
            composition=Contribution.FULL,
            post_production=Contribution.FULL,
            lyrics=Contribution.NONE,
        ),
        started_at=run.started_at.replace(microsecond=0),
        ended_at=run.ended_at.replace(microsecond=0),
    )


def licence_ids(run: Run) -> tuple[LicenceId, ...]:
    return tuple(sorted(parent.licence_id for parent in run.parents))


def signed_log(
    app: Application,
    run: Run,
    generation: GenerationId,
    salt: Digest,
    audio: AudioExamined,
    manifest: Cid,
    platform: LocalSigner,
) -> SignedGenerationLog:
    """The platform's signature over what the oracle is told of the run."""
    log = GenerationLog(
        generation_id=generation,
        salt=salt,
        manifest_digest=Digest(manifest.digest),
        output_commitment=Digest(bytes.fromhex(audio.pcm_sha256)),
        licence_ids=licence_ids(run),
        started_at=int(run.started_at.timestamp()),
        ended_at=int(run.ended_at.timestamp()),
        platform=platform.address,
    )
    domain = generation_log_domain(app.deployment.chain_id, app.graph.address)
    return sign_generation_log(log, platform, domain)


def register_derivative(
    app: Application,
    run: Run,
    marked: Path,
    audio: AudioExamined,
    output: Cid,
    generation_log: Cid,
    platform: LocalSigner,
) -> WorkId:
    """The marked output as the platform's work. Raises ManifestInvalid, ContractRefused."""
    draft = WorkDraft(
        recording=marked,
        titles=(run.title,),
        attribution="Made from licensed works",
        genre="derivative",
        kind=WorkKind.DERIVATIVE,
        generation=generation_log,
    )
    own = seal(
        work_manifest(draft, audio, output, INDEPENDENT, platform.address),
        issuer=app.account(platform.address),
        issued_at=app.chain_time(),
    )
    put_manifest(app.blocks, own)
    registered = app.works.register(
        Registration(
            INDEPENDENT,
            WorkKind.DERIVATIVE,
            Digest(bytes.fromhex(audio.pcm_sha256)),
            Digest(own.cid.digest),
        ),
        signer=platform,
    )
    return app.works.works_registered(registered)[0]


def link(
    app: Application,
    child: WorkId,
    salt: Digest,
    used: Sequence[ParentUsed],
    platform: LocalSigner,
) -> bytes:
    """Tie a derivative to its parents; its encoded ancestor vector. Raises ContractRefused."""
    ascending = sorted(used, key=lambda p: p.work_id)
    linked = app.graph.link(
        child,
        salt,
        [Parent(p.work_id, p.licence_id) for p in ascending],
        [p.vector for p in ascending],
        signer=platform,
    )
    return app.graph.vector_linked(linked)
