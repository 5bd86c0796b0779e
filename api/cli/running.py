"""Where a running `antiphon up` leaves its address."""

from __future__ import annotations

from pathlib import Path

RUNNING_FILE = Path("var/running.json")
