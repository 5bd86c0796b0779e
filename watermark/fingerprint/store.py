"""Fingerprints of what left the house: one SQLite file beside the register, append-only.

A fingerprint is on disk before the marked copy is handed out. A row takes at most 7,680 bytes a
minute of audio and carries its own digest, so that a damaged one is told from a foreign one.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

import numpy as np
from sqlalchemy import (
    DDL,
    ColumnElement,
    LargeBinary,
    String,
    create_engine,
    event,
    func,
    select,
)
from sqlalchemy.exc import DatabaseError, IntegrityError
from sqlalchemy.orm import DeclarativeBase, Mapped, Session, mapped_column

from watermark.durable import make_durable
from watermark.fingerprint.landmarks import BYTES_PER_LANDMARK, Landmarks
from watermark.payload import GenerationId

FORM: Final = "landmarks/1"  # how they are found and packed; another form is not comparable


class FingerprintsDamaged(Exception):
    """The store, or one row of it, is not what was written."""

    def __init__(self, path: Path, reason: str) -> None:
        self.path = path
        self.reason = reason
        super().__init__(
            f"{path}: {reason}; restore the file from a backup, or move it away and embed again: "
            "without it marks are found but cannot be corroborated"
        )


class _Tables(DeclarativeBase):
    pass


class _FingerprintRow(_Tables):
    __tablename__ = "fingerprint"

    serial: Mapped[int] = mapped_column(primary_key=True, autoincrement=True)
    generation_id: Mapped[bytes] = mapped_column(LargeBinary(8), unique=True)
    form: Mapped[str] = mapped_column(String(16))
    landmarks: Mapped[bytes] = mapped_column(LargeBinary)
    sha256: Mapped[bytes] = mapped_column(LargeBinary(32))
    kept_at: Mapped[str] = mapped_column(String(32))


for _verb in ("UPDATE", "DELETE"):
    event.listen(
        _FingerprintRow.__table__,
        "after_create",
        DDL(  # type: ignore[no-untyped-call]
            f"CREATE TRIGGER fingerprint_no_{_verb.lower()} BEFORE {_verb} ON fingerprint "
            "BEGIN SELECT RAISE(ABORT, 'fingerprints are only ever added'); END"
        ),
    )


@dataclass(frozen=True)
class Kept:
    """One fingerprint of the store; `serial` grows by time."""

    serial: int
    generation_id: GenerationId
    landmarks: Landmarks


class FingerprintStore:
    """The fingerprints of marked copies, by generation."""

    def __init__(self, path: Path) -> None:
        """Open or create the SQLite file at `path`. Raises FingerprintsDamaged."""
        path.parent.mkdir(parents=True, exist_ok=True)
        self.path = path
        self._engine = create_engine(f"sqlite:///{path}")
        make_durable(self._engine)
        try:
            _Tables.metadata.create_all(self._engine)
        except DatabaseError as error:
            raise FingerprintsDamaged(path, "is no fingerprint store") from error

    def keep(self, generation_id: GenerationId, landmarks: Landmarks) -> None:
        """Add a fingerprint; returns once it is on disk. Raises FingerprintsDamaged.

        The first fingerprint of a generation stands: its id never names other audio.
        """
        packed = landmarks.packed().astype("<u4").tobytes()
        row = _FingerprintRow(
            generation_id=generation_id.to_bytes(),
            form=FORM,
            landmarks=packed,
            sha256=_digest(generation_id, packed),
            kept_at=datetime.now(UTC).isoformat(timespec="seconds"),
        )
        try:
            with Session(self._engine) as session, session.begin():
                session.add(row)
        except IntegrityError:
            return  # kept before
        except DatabaseError as error:
            raise FingerprintsDamaged(self.path, "cannot be written to") from error

    def of(self, generation_id: GenerationId) -> Landmarks | None:
        """The fingerprint of a generation, if one was kept. Raises FingerprintsDamaged."""
        row = self._first(_FingerprintRow.generation_id == generation_id.to_bytes())
        return None if row is None else self._landmarks(row)

    def after(self, serial: int = 0) -> Iterator[Kept]:
        """Fingerprints kept later than line `serial`, oldest first, one in memory at a time.

        Raises FingerprintsDamaged.
        """
        while (row := self._first(_FingerprintRow.serial > serial)) is not None:
            serial = row.serial
            yield Kept(serial, GenerationId.from_bytes(row.generation_id), self._landmarks(row))

    def at(self, serial: int) -> Kept | None:
        """The fingerprint with this serial. Raises FingerprintsDamaged."""
        row = self._first(_FingerprintRow.serial == serial)
        if row is None:
            return None
        return Kept(serial, GenerationId.from_bytes(row.generation_id), self._landmarks(row))

    def sizes_after(self, serial: int = 0) -> list[tuple[int, int]]:
        """Serial and number of landmarks of what was kept later. Raises FingerprintsDamaged."""
        query = (
            select(_FingerprintRow.serial, func.length(_FingerprintRow.landmarks))
            .where(_FingerprintRow.serial > serial, _FingerprintRow.form == FORM)
            .order_by(_FingerprintRow.serial)
        )
        try:
            with Session(self._engine) as session:
                rows = session.execute(query).all()
        except DatabaseError as error:
            raise FingerprintsDamaged(self.path, "cannot be read") from error
        return [(number, octets // BYTES_PER_LANDMARK) for number, octets in rows]

    def close(self) -> None:
        """Let go of the file."""
        self._engine.dispose()

    def _first(self, condition: ColumnElement[bool]) -> _FingerprintRow | None:
        query = (
            select(_FingerprintRow)
            .where(condition, _FingerprintRow.form == FORM)
            .order_by(_FingerprintRow.serial)
            .limit(1)
        )
        try:
            with Session(self._engine) as session:
                return session.scalars(query).first()
        except DatabaseError as error:
            raise FingerprintsDamaged(self.path, "cannot be read") from error

    def _landmarks(self, row: _FingerprintRow) -> Landmarks:
        generation_id = GenerationId.from_bytes(row.generation_id)
        if _digest(generation_id, row.landmarks) != row.sha256:
            raise FingerprintsDamaged(self.path, f"the fingerprint of {generation_id} was altered")
        return Landmarks.unpacked(np.frombuffer(row.landmarks, "<u4").astype(np.uint32))


def _digest(generation_id: GenerationId, packed: bytes) -> bytes:
    return hashlib.sha256(FORM.encode() + generation_id.to_bytes() + packed).digest()
