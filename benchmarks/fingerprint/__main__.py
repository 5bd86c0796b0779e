"""What the fingerprint recognises, confuses and costs.

    python -m benchmarks.fingerprint                                  # synthesised audio
    python -m benchmarks.fingerprint --folder SOUNDTRACK --folder ... # recordings of your own
    python -m benchmarks.fingerprint --page docs/FINGERPRINT.md       # the page from the reports

Each folder counts as one soundtrack. Name music that nothing was fitted to. No peer is in the
table: pyacoustid needs the native Chromaprint library.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.fingerprint import copies, strangers
from benchmarks.fingerprint.page import TITLES, markdown, page
from benchmarks.fingerprint.recordings import (
    STRETCH_SECONDS,
    Recording,
    from_files,
    synthesised,
)
from watermark.fingerprint.chance import ChanceLaw
from watermark.robustness import bench
from watermark.robustness.identification import fingerprint_sha256


def main(argv: list[str] | None = None) -> int:
    asked = _arguments(argv)
    law = ChanceLaw.load()
    if asked.page is not None:
        reports = {
            name: json.loads(path.read_text("utf-8"))
            for name in TITLES
            if (path := asked.out / f"{name}.json").exists()
        }
        asked.page.write_text(page(reports, law), "utf-8")
        print(f"wrote {asked.page}")
        return 0
    absent = [folder for folder in asked.folder if not folder.is_dir()]
    if absent:
        _heard(f"{absent[0]}: no such folder; name one that holds recordings")
        return 1
    if asked.folder:
        recordings = list(
            from_files(asked.folder, asked.seconds, np.random.default_rng(asked.seed), _heard)
        )
    else:
        recordings = list(synthesised(asked.recordings, asked.seed, _heard))
    if len(recordings) < 2:
        _heard("fewer than two recordings of 45 s or more; name folders that hold them")
        return 1
    asked.out.mkdir(parents=True, exist_ok=True)
    name = "music" if asked.folder else "synthesised"
    for report in _measured(asked, recordings, law):
        (asked.out / f"{name}.json").write_text(json.dumps(report, indent=1) + "\n", "utf-8")
        (asked.out / f"{name}.md").write_text(markdown(report), "utf-8")
    print(markdown(report))
    return 0


def _measured(
    asked: argparse.Namespace, recordings: list[Recording], law: ChanceLaw
) -> Iterator[dict[str, Any]]:
    """The report, again after each row of copies, so that a run cut short leaves what it has."""
    found, cpu_per_comparison = strangers.comparisons(
        recordings, law, asked.seed, partners=asked.partners, within=asked.within, heard=_heard
    )
    seconds = sum(one.seconds for one in recordings)
    rng = np.random.default_rng([asked.seed, len(recordings)])
    chosen = [recordings[place] for place in rng.permutation(len(recordings))[: asked.copies]]
    report: dict[str, Any] = {
        "settings": {
            "audio": bench.audio_name(asked.folder),
            "seed": asked.seed,
            "seconds": asked.seconds,
            "copies": asked.copies,
            "partners": asked.partners,
            "within": asked.within,
            "fingerprint": fingerprint_sha256(),
        },
        "recordings": len(recordings),
        "hours": round(seconds / 3600, 3),
        "landmarks_per_second": sum(len(one.landmarks) for one in recordings) / seconds,
        "cpu_per_second": sum(one.cpu_seconds for one in recordings) / seconds,
        "cpu_per_comparison": cpu_per_comparison,
        "stretch_seconds": STRETCH_SECONDS,
        "copies": [],
        "strangers": {
            "across": strangers.summary([one for one in found if not one.within]),
            "within": strangers.summary([one for one in found if one.within]),
        },
    }
    yield report
    attacks = [
        attack
        for attack in copies.ATTACKS
        if not asked.attack or any(part in attack.name for part in asked.attack)
    ]
    for row in copies.rows(chosen, law, asked.seed, attacks):
        _heard(f"{row['attack']}: {row['confirmed']} of {row['n']} confirmed")
        report["copies"].append(row)
        yield report


def _heard(what: str) -> None:
    print(what, file=sys.stderr, flush=True)


def _arguments(argv: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="benchmarks.fingerprint",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--folder", type=Path, action="append", default=[], help="a soundtrack")
    parser.add_argument("--recordings", type=int, default=60, help="how many are synthesised")
    parser.add_argument("--seconds", type=float, default=180.0, help="at most, of each file")
    parser.add_argument("--attack", action="append", default=[], help="only whose names hold this")
    parser.add_argument("--copies", type=int, default=80, help="recordings whose copies are made")
    parser.add_argument("--partners", type=int, default=60, help="in other soundtracks, for each")
    parser.add_argument("--within", type=int, default=4, help="times each pair of one soundtrack")
    parser.add_argument("--seed", type=int, default=7)
    parser.add_argument("--out", type=Path, default=Path("reports/fingerprint"))
    parser.add_argument("--page", type=Path, help="only write this page from the reports in --out")
    return parser.parse_args(argv)


if __name__ == "__main__":
    sys.exit(main())
