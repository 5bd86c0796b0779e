"""Chapter 5: a found copy leads back to the people it owes; an unmarked file leads nowhere."""

from __future__ import annotations

from pathlib import Path

import soundfile as sf
from rich.tree import Tree

from api.demo.arrangement import OUTPUT_RATE_HZ, found_copy, read_mono
from api.demo.cast import OPERATORS
from api.demo.world import World
from api.reporting import report_detection
from api.tracing import Trace, trace
from chain.client.signer import dev_signer
from chain.ledger.identifiers import GenerationId

CROP_START_SECONDS = 6.3
CROP_SECONDS = 20.0
# A rate fitted to thousands of windows says nothing exact about one file in a billion.
TOLD_MIN = 1e-9


def find_copies(world: World) -> None:
    narrator = world.narrator
    for number, (copy, truth) in enumerate(copies(world)):
        with narrator.working(f"listening to {copy.name}"):
            traced = trace(world.app, copy)
        world.outcomes.append(traced.outcome(truth))
        if truth is None:
            narrator.fact(f"{copy.name}: no mark found (an unmarked control)")
            assert not traced.generations, "an unmarked file was attributed"
            continue
        tell_of(world, traced, copy, draw=number == 0)
        if traced.generations:
            file_report(world, traced, copy)


def copies(world: World) -> list[tuple[Path, GenerationId | None]]:
    """Found files with known truth: MP3, cropped, renamed; Vorbis, inverted; and controls."""
    made: list[tuple[Path, GenerationId | None]] = []
    for number, derivative in enumerate(world.derivatives, start=1):
        crop = world.folder / f"clip_{number:03}_final(2).mp3"
        rate = found_copy(
            derivative.marked, crop, start_seconds=CROP_START_SECONDS, seconds=CROP_SECONDS
        )
        if number == 1:
            world.narrator.fact(
                f"found: {crop.name}, MP3 at {rate / 1000:.0f} kb/s, {CROP_SECONDS:.0f} s cut from "
                f"second {CROP_START_SECONDS}, mono, renamed"
            )
        made.append((crop, derivative.generation_id))
        inverted = world.folder / f"upload_{number:03}.ogg"
        sf.write(
            inverted, -read_mono(derivative.marked), OUTPUT_RATE_HZ, format="OGG", subtype="VORBIS"
        )
        made.append((inverted, derivative.generation_id))
    controls = [world.recordings.control, world.works[0].source.path]
    for number, source in enumerate(controls, start=1):
        control = world.folder / f"control_{number}.mp3"
        found_copy(source, control, start_seconds=0.0, seconds=CROP_SECONDS)
        made.append((control, None))
    return made


def tell_of(world: World, traced: Trace, copy: Path, *, draw: bool) -> None:
    if not traced.generations:
        world.narrator.fact(f"{copy.name}: the mark was NOT found")
        return
    first = traced.generations[0]
    works = ", ".join(f"work {p.work.record.work_id}" for p in first.parents)
    world.narrator.fact(
        f"{copy.name}: mark {first.identity.generation_id}, z = {first.identity.z:.1f}; "
        f"{chance(first.identity.false_positive_rate)} → {works}; {first.told}"
    )
    if draw:
        world.narrator.draw(tree(world, traced))


def chance(rate: float) -> str:
    """How often an unmarked file would score as high, in words; no tail is told that far out."""
    if rate < TOLD_MIN:
        return "fewer than 1 in 10⁹ unmarked files would score so"
    return f"1 in {1 / rate:,.0f} unmarked files would score so"


def tree(world: World, traced: Trace) -> Tree:
    """The way from the file to its payees."""
    first = traced.generations[0]
    assert first.derivative is not None
    root = Tree(f"{traced.name}")
    mark = root.add(f"mark {first.identity.generation_id}")
    log = first.log.cid if first.log else "not held here"
    derivative = mark.add(f"derivative {first.derivative.child} · generation log {log}")
    for parent in first.parents:
        work = parent.work
        share = parent.licence.terms.royalty_share / 10_000_000
        branch = derivative.add(
            f"licence {parent.licence.licence_id} (GENERATION, {share:g} %) → "
            f"work {work.record.work_id} {work.title}"
        )
        for part in parent.split.shares if parent.split else ():
            branch.add(f"{part.bps / 100:g} % {world.name_of(part.payee)} {part.payee}")
    return root


def file_report(world: World, traced: Trace, copy: Path) -> None:
    """The first operator reports what it heard; the filed log is what lets it count."""
    assert world.oracle is not None
    signed = report_detection(world.app, traced, copy, dev_signer(OPERATORS[0]))
    world.oracle.file_detection(signed)
