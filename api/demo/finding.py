"""Chapter 5: found copies lead back to the people they owe; what is not theirs leads nowhere."""

from __future__ import annotations

import json
from pathlib import Path

from rich.table import Table
from rich.tree import Tree

from api import verdict
from api.demo.cast import OPERATORS
from api.demo.found import Found, found_files
from api.demo.world import World
from api.http.plain import plain_trace
from api.reporting import report_detection
from api.tracing import Trace, trace
from chain.client.signer import dev_signer


def find_copies(world: World) -> None:
    """Trace every file, tell the first one's way in full, the others in a table."""
    narrator = world.narrator
    files = found_files(world)
    narrator.fact(f"found: {files[0].path.name}, {files[0].done}, mono, renamed")
    traces = []
    for number, found in enumerate(files):
        with narrator.working(f"listening to {found.path.name}"):
            traced = trace(world.app, found.path)
        traces.append((found, traced))
        if number == 0:
            tell_first(world, traced)
        if found.is_exam:
            world.outcomes.append(traced.outcome(found.marks[0] if found.marks else None))
        if traced.generations and not traced.is_ambiguous:
            assert found.marks, f"{found.path.name} was attributed; nobody marked it"
            file_report(world, traced, found.path)
    narrator.fact(
        f"{len(files) - 1} more files were found and searched for {searched(traces)} issued ids:"
    )
    narrator.draw(table(traces))
    narrator.fact(f"of the faintest id named: {rarity(traces)}")
    narrator.fact(
        "ambiguous findings are for people to weigh and pay nobody; a mark that is not found "
        "never proves that there was none"
    )
    write_down(world, traces)


def tell_first(world: World, traced: Trace) -> None:
    if not traced.generations:
        world.narrator.fact(f"{traced.name}: the mark was NOT found")
        return
    first = traced.generations[0]
    works = ", ".join(f"work {p.work.record.work_id}" for p in first.parents)
    world.narrator.fact(
        f"mark {first.identity.generation_id}, z = {first.identity.z:.1f} → {works}: "
        f"{verdict.chance(first.identity.false_positive_rate)}; {first.told}"
    )
    if first.derivative is not None:
        world.narrator.draw(tree(world, traced))


def searched(traces: list[tuple[Found, Trace]]) -> int:
    return traces[-1][1].detection.detector.registered_ids


def rarity(traces: list[tuple[Found, Trace]]) -> str:
    """The weakest finding of all, by how often chance would do as well."""
    rates = [g.identity.false_positive_rate for _, traced in traces for g in traced.generations]
    return verdict.chance(max(rates)) if rates else "nothing was found"


def table(traces: list[tuple[Found, Trace]]) -> Table:
    """What was done to each file, and what was found in it."""
    rows = Table(show_edge=False, pad_edge=False)
    for column in ("what was done", "named", "z", "where", "read as", "the sound", "verdict"):
        rows.add_column(column, justify="right" if column == "z" else "left")
    for found, traced in traces[1:]:
        wanted = {f"0x{mark:016x}" for mark in found.marks}
        if not traced.generations:
            rows.add_row(found.done, "nobody", "", "", "", "", "MISSED" if wanted else "right")
        for number, generation in enumerate(traced.generations):
            one = generation.identity
            rows.add_row(
                "" if number else found.done,
                str(one.generation_id),
                f"{one.z:.1f}",
                verdict.places(one),
                verdict.alteration(one) or "as it is",
                verdict.sound_in_short(one),
                judged(traced, str(one.generation_id) in wanted),
            )
    return rows


def judged(traced: Trace, true: bool) -> str:
    """What follows from one finding, said against the truth that the demo knows."""
    if traced.is_ambiguous:
        return "ambiguous"  # whoever is named: nothing is attributed
    return "right" if true else "WRONG"


def write_down(world: World, traces: list[tuple[Found, Trace]]) -> None:
    """Every figure of every file, for whoever wants more than the table."""
    plain = [
        {"done": found.done, "marks": [f"0x{mark:016x}" for mark in found.marks]}
        | plain_trace(traced)
        for found, traced in traces
    ]
    path = world.folder / "found.json"
    path.write_text(json.dumps(plain, indent=2, ensure_ascii=False) + "\n")
    world.narrator.fact(f"every figure of every file: {path}")


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
