"""Which ids were issued, for which audio: written to disk before a marked file leaves the house."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

import numpy as np
import numpy.typing as npt
from sqlalchemy import LargeBinary, String, create_engine, func, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import DeclarativeBase, Mapped, Session, mapped_column

from watermark.durable import make_durable
from watermark.payload import GenerationId

_ROWS_AT_ONCE: Final = 4096
_ISSUED_AFTER: Final = (
    "SELECT serial, generation_id FROM issued WHERE key_id = ? AND serial > ? ORDER BY serial"
)


class GenerationIdTaken(Exception):
    """The id already names other audio; draw a fresh one."""

    def __init__(self, generation_id: GenerationId) -> None:
        self.generation_id = generation_id
        super().__init__(f"{generation_id} already marks other audio; draw a fresh id")


class _Tables(DeclarativeBase):
    pass


class _IssuedRow(_Tables):
    __tablename__ = "issued"

    serial: Mapped[int] = mapped_column(primary_key=True, autoincrement=True)
    generation_id: Mapped[bytes] = mapped_column(LargeBinary(8), unique=True)
    source_pcm_sha256: Mapped[str] = mapped_column(String(64))
    key_id: Mapped[str] = mapped_column(String(16), index=True)
    issued_at: Mapped[str] = mapped_column(String(32))


@dataclass(frozen=True)
class Issued:
    """Ids in the order in which they were issued; `last_serial` is the line to go on after."""

    values: npt.NDArray[np.uint64]
    last_serial: int


class Registry:
    """The append-only register of issued ids; every line names the epoch key of its mark."""

    def __init__(self, path: Path) -> None:
        """Open or create the SQLite file at `path`."""
        path.parent.mkdir(parents=True, exist_ok=True)
        self._engine = create_engine(f"sqlite:///{path}")
        make_durable(self._engine)
        _Tables.metadata.create_all(self._engine)

    def issue(self, generation_id: GenerationId, *, source_pcm_sha256: str, key_id: str) -> None:
        """Record that the id marks this audio; returns once it is on disk.

        Saying the same again changes nothing. Raises GenerationIdTaken when the id names other
        audio, or was issued under another epoch key.
        """
        row = _IssuedRow(
            generation_id=generation_id.to_bytes(),
            source_pcm_sha256=source_pcm_sha256,
            key_id=key_id,
            issued_at=datetime.now(UTC).isoformat(timespec="seconds"),
        )
        try:
            with Session(self._engine) as session, session.begin():
                session.add(row)
        except IntegrityError:
            if self._audio_and_key_of(generation_id) != (source_pcm_sha256, key_id):
                raise GenerationIdTaken(generation_id) from None

    def issued_after(self, serial: int = 0, *, key_id: str) -> Issued:
        """Ids of an epoch key issued later than line `serial`, oldest first."""
        octets = bytearray()
        with self._engine.connect() as connection:
            # The driver's own rows: a register of a million is read in a fifth of the time.
            cursor = connection.connection.cursor()
            cursor.execute(_ISSUED_AFTER, (key_id, serial))
            while rows := cursor.fetchmany(_ROWS_AT_ONCE):
                octets += b"".join([generation_id for _, generation_id in rows])
                serial = rows[-1][0]
            cursor.close()
        return Issued(np.frombuffer(octets, ">u8").astype(np.uint64), serial)

    def last_serial(self) -> int:
        """The newest line of any key; 0 when nothing was issued."""
        with self._engine.connect() as connection:
            return connection.scalar(select(func.max(_IssuedRow.serial))) or 0

    def close(self) -> None:
        """Let go of the file."""
        self._engine.dispose()

    def _audio_and_key_of(self, generation_id: GenerationId) -> tuple[str, str]:
        query = select(_IssuedRow).where(_IssuedRow.generation_id == generation_id.to_bytes())
        with Session(self._engine) as session:
            known = session.scalars(query).one()
            return known.source_pcm_sha256, known.key_id
