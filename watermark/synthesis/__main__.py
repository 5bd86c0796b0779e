"""`python -m watermark.synthesis FOLDER`: write the built-in recordings and their catalogue."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from watermark.synthesis.catalogue import CatalogueRefused, write_catalogue


def main(arguments: list[str] | None = None) -> int:
    """Run the command line; the exit status is 2 when the request is refused."""
    parser = argparse.ArgumentParser(prog="python -m watermark.synthesis", description=__doc__)
    parser.add_argument("folder", type=Path, help="where the recordings go; made if missing")
    parser.add_argument("--seconds", type=float, default=40.0, help="length of each recording")
    parser.add_argument("--rate", type=int, default=44100, help="sample rate in Hz")
    parser.add_argument("--seed", type=int, default=1)
    asked = parser.parse_args(arguments)
    try:
        path = write_catalogue(
            asked.folder, seconds=asked.seconds, sample_rate_hz=asked.rate, seed=asked.seed
        )
    except (CatalogueRefused, OSError) as refusal:
        sys.stderr.write(f"error: {refusal}\n")
        return 2
    sys.stdout.write(f"{path}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
