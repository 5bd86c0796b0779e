"""Which ids were issued, for which audio: written to disk before a marked file leaves the house."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from sqlalchemy import Engine, LargeBinary, String, create_engine, event, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import DeclarativeBase, Mapped, Session, mapped_column

from watermark.payload import GenerationId


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
    key_id: Mapped[str] = mapped_column(String(16))
    issued_at: Mapped[str] = mapped_column(String(32))


@dataclass(frozen=True)
class Issued:
    """One line of the register; `serial` grows by time of issue."""

    serial: int
    generation_id: GenerationId


class Registry:
    """The append-only register of issued ids of one epoch key."""

    def __init__(self, path: Path, *, key_id: str) -> None:
        """Open or create the SQLite file at `path`."""
        path.parent.mkdir(parents=True, exist_ok=True)
        self._key_id = key_id
        self._engine = create_engine(f"sqlite:///{path}")
        _make_durable(self._engine)
        _Tables.metadata.create_all(self._engine)

    def issue(self, generation_id: GenerationId, *, source_pcm_sha256: str) -> None:
        """Record that the id marks this audio; returns once it is on disk.

        Saying the same again changes nothing. Raises GenerationIdTaken when the id names other
        audio, or was issued under another epoch key.
        """
        row = _IssuedRow(
            generation_id=generation_id.to_bytes(),
            source_pcm_sha256=source_pcm_sha256,
            key_id=self._key_id,
            issued_at=datetime.now(UTC).isoformat(timespec="seconds"),
        )
        try:
            with Session(self._engine) as session, session.begin():
                session.add(row)
        except IntegrityError:
            self._refuse_other_audio(generation_id, source_pcm_sha256)

    def issued_after(self, serial: int = 0) -> list[Issued]:
        """Ids of this epoch key issued later than line `serial`, oldest first."""
        query = (
            select(_IssuedRow.serial, _IssuedRow.generation_id)
            .where(_IssuedRow.serial > serial, _IssuedRow.key_id == self._key_id)
            .order_by(_IssuedRow.serial)
        )
        with Session(self._engine) as session:
            rows = session.execute(query).all()
        return [Issued(number, GenerationId.from_bytes(octets)) for number, octets in rows]

    def close(self) -> None:
        """Let go of the file."""
        self._engine.dispose()

    def _refuse_other_audio(self, generation_id: GenerationId, source_pcm_sha256: str) -> None:
        query = select(_IssuedRow).where(_IssuedRow.generation_id == generation_id.to_bytes())
        with Session(self._engine) as session:
            known = session.scalars(query).one()
            same = known.source_pcm_sha256 == source_pcm_sha256 and known.key_id == self._key_id
        if not same:
            raise GenerationIdTaken(generation_id)


def _make_durable(engine: Engine) -> None:
    @event.listens_for(engine, "connect")
    def _on_connect(connection: object, record: object) -> None:  # noqa: ARG001
        cursor = connection.cursor()  # type: ignore[attr-defined]
        cursor.execute("PRAGMA journal_mode=WAL")
        cursor.execute("PRAGMA synchronous=FULL")
        cursor.close()
