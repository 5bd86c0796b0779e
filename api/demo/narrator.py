"""Prints the story: a chapter, then facts, each with the seconds since the start."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from rich.console import Console
from rich.padding import Padding
from rich.table import Table
from rich.text import Text
from rich.tree import Tree

FACT_INDENT = 13
WIDE = 150


def wide_console() -> Console:
    """A terminal keeps its width; a log or a pipe gets room for addresses and content ids.

    Titles and file names are printed as they are: "[live]" is no style and ":bell:" no picture.
    """
    width = None if Console().is_terminal else WIDE
    return Console(highlight=False, markup=False, emoji=False, soft_wrap=True, width=width)


@dataclass
class Narrator:
    """`quiet` keeps the facts for `--json` and prints nothing."""

    quiet: bool = False
    console: Console = field(default_factory=lambda: wide_console())
    started: float = field(default_factory=time.monotonic)
    facts: list[dict[str, object]] = field(default_factory=list)
    chapter_number: int = 0

    def seconds(self) -> float:
        return time.monotonic() - self.started

    def chapter(self, title: str) -> None:
        self.chapter_number += 1
        if not self.quiet:
            self.console.print()
            self.console.print(Text(f"{self.chapter_number}  {title}", style="bold"))

    def fact(self, text: str) -> None:
        """Say something that has happened. Never called before it has."""
        seconds = self.seconds()
        self.facts.append(
            {"chapter": self.chapter_number, "seconds": round(seconds, 1), "fact": text}
        )
        if not self.quiet:
            self.console.print(Text(f"   {seconds:6.1f} s  ", style="dim") + Text(text))

    def draw(self, what: Table | Tree) -> None:
        """A table or a tree, set in from the facts."""
        if not self.quiet:
            self.console.print(Padding(what, (0, 0, 0, FACT_INDENT)))

    @contextmanager
    def working(self, on: str) -> Iterator[None]:
        """A spinner while something long runs; nothing stays of it."""
        if self.quiet or not self.console.is_terminal:
            yield
            return
        with self.console.status(f"{on} …"):
            yield
