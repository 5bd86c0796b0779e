"""Tells the story from start to end. Every line is printed after what it says has happened."""

from __future__ import annotations

import shutil
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

from api.application import Application, Settings
from api.demo import recordings
from api.demo.finding import find_copies
from api.demo.making import make_derivatives
from api.demo.measured import measure_run, verify_run
from api.demo.narrator import Narrator
from api.demo.registering import register_everything
from api.demo.sequel import tell_sequel
from api.demo.settling import settle_usage
from api.demo.taking import take_licences
from api.demo.world import World
from api.stack.lock import hold
from api.stack.stack import Stack
from oracle.opening import open_oracle

MARKER = ".antiphon-demo"
WINDOW_SECONDS = 2 * 60 * 60


@dataclass(frozen=True)
class Telling:
    """`folder` is made anew each time; `audio` None means the built-in recordings.

    With `sequel` it goes on for two more days, for a report to have more to tell.
    """

    folder: Path
    library: Path
    audio: Path | None = None
    quiet: bool = False
    sequel: bool = False


class FolderInTheWay(Exception):
    """The folder holds something that no demo wrote."""

    def __init__(self, folder: Path) -> None:
        super().__init__(f"{folder} was not written by the demo. Next: give another --state")


def clear(folder: Path) -> None:
    """Remove an earlier telling, and nothing else. Raises FolderInTheWay, StateInUse."""
    if folder.exists() and any(folder.iterdir()) and not (folder / MARKER).exists():
        raise FolderInTheWay(folder)
    if folder.exists():
        # Not from under an `antiphon up` that shows it.
        hold(folder).close()
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    (folder / MARKER).touch()


def tell(telling: Telling) -> World:
    """The whole story. Raises what any part of it refuses."""
    if telling.audio is not None:
        recordings.candidates(telling.audio)  # refused before anything is started
    narrator = Narrator(quiet=telling.quiet)
    clear(telling.folder)
    with ExitStack() as cleanup:
        stack = cleanup.enter_context(Stack(telling.folder))
        world = open_world(telling, stack, narrator)
        world.oracle = cleanup.enter_context(open_oracle(world.app.settings.oracle))
        narrator.chapter("Three communities register recordings")
        register_everything(world)
        narrator.chapter("A platform takes licences, and everyone is paid")
        take_licences(world)
        narrator.chapter("The platform makes derivatives; each carries a mark")
        make_derivatives(world)
        narrator.chapter("A found copy leads back to its makers")
        find_copies(world)
        narrator.chapter("Usage is counted once, signed by a quorum, and paid")
        settle_usage(world)
        if telling.sequel:
            narrator.chapter("Two more days: a rule, a dispute, a failure")
            tell_sequel(world)
        narrator.chapter("The numbers of this run")
        measure_run(world)
        narrator.chapter("A verifier recomputes every balance")
        verify_run(world)
        return world


def open_world(telling: Telling, stack: Stack, narrator: Narrator) -> World:
    """Chapter 1: the node, the contracts, and beside them the watermark process."""
    narrator.chapter("A real EVM node, and contracts deployed through Brownie")
    with ThreadPoolExecutor() as pool, narrator.working("starting"):
        watermark = stack.start_watermark()
        built_in = None
        if telling.audio is None:
            built_in = pool.submit(recordings.built_in, telling.library)
        stack.start_node(persistent=True)
        narrator.fact(f"anvil answers at {stack.node_url} (chain 31337)")
        addresses = stack.deploy(WINDOW_SECONDS)
        narrator.fact("compiled through py-solc-x and deployed through Brownie:")
        for name, address in addresses.items():
            narrator.fact(f"  {name:17} {address}")
        watermark.wait_ready()
        narrator.fact(f"the watermark process answers at {stack.watermark_url}")
        found = built_in.result() if built_in else None
    app = Application(
        Settings(telling.folder, stack.node_url, stack.watermark_url, stack.deployment_file)
    )
    if found is None:
        assert telling.audio is not None
        found = recordings.of_folder(telling.audio, app.watermark)
    for line in found.skipped:
        narrator.fact(f"left out {line}")
    origin = "synthesised by this repository" if found.synthesised else f"from {telling.audio}"
    narrator.fact(f"{len(found.works)} recordings, {origin}, and one to stay unmarked")
    return World(narrator, stack, found, app, telling.folder)
