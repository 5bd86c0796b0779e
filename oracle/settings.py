"""Where the oracle keeps its things and how it behaves; read from a mapping given by `__main__`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from chain.client.node import GWEI
from chain.settings import ChainSettings, SettingsInvalid
from oracle.fees import RelayPolicy

OUTBOX_VARIABLE: Final = "ANTIPHON_OUTBOX"
OUTBOX_URL_VARIABLE: Final = "ANTIPHON_OUTBOX_URL"
BLOCKS_VARIABLE: Final = "ANTIPHON_BLOCKS"
KEYS_VARIABLE: Final = "ANTIPHON_ORACLE_KEYS"
TOKEN_VARIABLE: Final = "ANTIPHON_TOKEN"  # noqa: S105 (an address, not a secret)
DEPTH_VARIABLE: Final = "ANTIPHON_FINAL_DEPTH"
DIRECT_PRICE_VARIABLE: Final = "ANTIPHON_DIRECT_PRICE"
EPOCH_VARIABLE: Final = "ANTIPHON_EPOCH_SECONDS"
POLL_VARIABLE: Final = "ANTIPHON_ORACLE_POLL_SECONDS"
HEAD_AGE_VARIABLE: Final = "ANTIPHON_HEAD_AGE_SECONDS"
FEE_CAP_VARIABLE: Final = "ANTIPHON_FEE_CAP_GWEI"
BUMP_VARIABLE: Final = "ANTIPHON_BUMP_BLOCKS"
IN_FLIGHT_VARIABLE: Final = "ANTIPHON_IN_FLIGHT_MAX"
OPERATORS_VARIABLE: Final = "ANTIPHON_OPERATORS"
OPERATORS_TOKEN_VARIABLE: Final = "ANTIPHON_OPERATORS_TOKEN"  # noqa: S105 (a variable's name)
OPERATORS_SECONDS_VARIABLE: Final = "ANTIPHON_OPERATORS_SECONDS"
PRODUCER_VARIABLE: Final = "ANTIPHON_PRODUCER_KEY"
RELAY_VARIABLE: Final = "ANTIPHON_RELAY_KEY"
PASSPHRASE_VARIABLE: Final = "ANTIPHON_PASSPHRASE_FILE"  # noqa: S105 (a variable's name)
MONITOR_VARIABLE: Final = "ANTIPHON_ORACLE_MONITOR_PORT"

OUTBOX_DEFAULT: Final = Path("var/outbox.sqlite")
BLOCKS_DEFAULT: Final = Path("var/blocks")
# Blocks of the development chain do not go; a public chain needs its own number.
FINAL_DEPTH_DEFAULT: Final = 0
FINAL_DEPTH_MAX: Final = 4_096
POLL_SECONDS_DEFAULT: Final = 2
POLL_SECONDS_MAX: Final = 3_600
EPOCH_SECONDS_MAX: Final = 366 * 86_400
# A chain without traffic makes no blocks: how old its head may be is for public chains to say.
HEAD_AGE_DEFAULT: Final = 0
HEAD_AGE_MAX: Final = 86_400
FEE_CAP_GWEI_MAX: Final = 1_000_000
BUMP_BLOCKS_MAX: Final = 1_000
IN_FLIGHT_MAX: Final = 1_000
PORT_MAX: Final = 65_535
# Below the worker's lease: who waits longer than that has been followed by another worker.
OPERATORS_SECONDS_DEFAULT: Final = 90
OPERATORS_SECONDS_MAX: Final = 100
# Below it a use waits for its epoch; zero lets every use wait.
DIRECT_PRICE_DEFAULT: Final = 0
DIRECT_PRICE_MAX: Final = 2**128 - 1


@dataclass(frozen=True)
class RemoteOperators:
    """Operators' processes to ask, `token` being sent to each. `producer_key` and `relay_key` are
    places of keys (see `chain.client.keys`): one operator's, that packs what evidence gives (None:
    evidence waits), and the one that pays for gas, which the role submit needs alone."""

    urls: tuple[str, ...]
    relay_key: str | None
    producer_key: str | None
    passphrase_file: Path | None
    token: str | None
    answer_seconds: int
    variables: Mapping[str, str]


@dataclass(frozen=True)
class OracleSettings:
    """`keys_folder` holds operator-1.key … and relay.key, each readable by its owner alone; None
    means the development keys, which sign on the development chain and nowhere else. With
    `remote_operators` neither is used: operators are asked at their addresses. `token` None
    means the deployment's development coin. `outbox_url`, when given, is the PostgreSQL database
    that several machines share; without it the outbox is the file at `outbox_path`. A head older
    than `head_age_seconds` decides nothing (0: however old). A use whose unit price is
    `direct_price_min` base units or more is reported by itself (0: none is). An epoch is sealed
    `epoch_seconds` after the one before was posted, or later (None: as often as the contract's
    queue can carry)."""

    chain: ChainSettings
    outbox_path: Path = OUTBOX_DEFAULT
    outbox_url: str | None = None
    blocks_folder: Path = BLOCKS_DEFAULT
    keys_folder: Path | None = None
    token: str | None = None
    final_depth: int = FINAL_DEPTH_DEFAULT
    poll_seconds: int = POLL_SECONDS_DEFAULT
    head_age_seconds: int = HEAD_AGE_DEFAULT
    relay: RelayPolicy = field(default_factory=RelayPolicy)
    remote_operators: RemoteOperators | None = None
    direct_price_min: int = DIRECT_PRICE_DEFAULT
    epoch_seconds: int | None = None
    monitor_port: int | None = None

    @property
    def outbox(self) -> Path | str:
        """Where the outbox is: a file, or a database's address."""
        return self.outbox_url or self.outbox_path

    @classmethod
    def parse(cls, variables: Mapping[str, str]) -> OracleSettings:
        """Settings from environment variables, defaults where there are none.

        Raises SettingsInvalid naming the variable.
        """
        keys = variables.get(KEYS_VARIABLE)
        return cls(
            chain=ChainSettings.parse(variables),
            outbox_path=Path(variables.get(OUTBOX_VARIABLE, str(OUTBOX_DEFAULT))),
            outbox_url=database_in(variables),
            blocks_folder=Path(variables.get(BLOCKS_VARIABLE, str(BLOCKS_DEFAULT))),
            keys_folder=None if keys is None else Path(keys),
            token=variables.get(TOKEN_VARIABLE),
            final_depth=number_in(variables, DEPTH_VARIABLE, FINAL_DEPTH_DEFAULT, FINAL_DEPTH_MAX),
            poll_seconds=number_in(
                variables, POLL_VARIABLE, POLL_SECONDS_DEFAULT, POLL_SECONDS_MAX
            ),
            head_age_seconds=number_in(
                variables, HEAD_AGE_VARIABLE, HEAD_AGE_DEFAULT, HEAD_AGE_MAX
            ),
            direct_price_min=number_in(
                variables, DIRECT_PRICE_VARIABLE, DIRECT_PRICE_DEFAULT, DIRECT_PRICE_MAX
            ),
            epoch_seconds=(
                number_in(variables, EPOCH_VARIABLE, 0, EPOCH_SECONDS_MAX)
                if EPOCH_VARIABLE in variables
                else None
            ),
            relay=_relay(variables),
            remote_operators=_remote_operators(variables),
            monitor_port=(
                number_in(variables, MONITOR_VARIABLE, 0, PORT_MAX)
                if MONITOR_VARIABLE in variables
                else None
            ),
        )


def database_in(variables: Mapping[str, str]) -> str | None:
    """The PostgreSQL database of the outbox, if one is named. Raises SettingsInvalid."""
    url = variables.get(OUTBOX_URL_VARIABLE)
    if url is not None and not url.startswith(("postgresql://", "postgresql+psycopg://")):
        raise SettingsInvalid(
            OUTBOX_URL_VARIABLE,
            f"give an address that begins with postgresql://; a file goes into {OUTBOX_VARIABLE}",
        )
    return url


def _relay(variables: Mapping[str, str]) -> RelayPolicy:
    usual = RelayPolicy()
    cap = number_in(variables, FEE_CAP_VARIABLE, usual.fee_cap_wei // GWEI, FEE_CAP_GWEI_MAX)
    return RelayPolicy(
        bump_blocks=number_in(variables, BUMP_VARIABLE, usual.bump_blocks, BUMP_BLOCKS_MAX),
        fee_cap_wei=cap * GWEI,
        in_flight_max=number_in(variables, IN_FLIGHT_VARIABLE, usual.in_flight_max, IN_FLIGHT_MAX),
    )


def _remote_operators(variables: Mapping[str, str]) -> RemoteOperators | None:
    urls = tuple(variables.get(OPERATORS_VARIABLE, "").split())
    relay_key = variables.get(RELAY_VARIABLE) or None
    if not urls and relay_key is None:
        return None
    if not all(url.startswith(("http://", "https://")) for url in urls):
        raise SettingsInvalid(
            OPERATORS_VARIABLE, "give addresses that begin with http:// or https://, and spaces"
        )
    if len(set(urls)) != len(urls):
        raise SettingsInvalid(OPERATORS_VARIABLE, "gives an address twice")
    return RemoteOperators(
        urls,
        relay_key,
        variables.get(PRODUCER_VARIABLE) or None,
        path_in(variables, PASSPHRASE_VARIABLE),
        variables.get(OPERATORS_TOKEN_VARIABLE) or None,
        number_in(
            variables,
            OPERATORS_SECONDS_VARIABLE,
            OPERATORS_SECONDS_DEFAULT,
            OPERATORS_SECONDS_MAX,
        ),
        variables,
    )


def path_in(variables: Mapping[str, str], name: str) -> Path | None:
    """A path that a variable may give."""
    given = variables.get(name)
    return Path(given) if given else None


def number_in(variables: Mapping[str, str], name: str, default: int, most: int) -> int:
    """A number that a variable may give. Raises SettingsInvalid."""
    text = variables.get(name, str(default))
    if not text.isascii() or not text.isdigit() or int(text) > most:
        raise SettingsInvalid(name, f"give a whole number, 0 to {most}")
    return int(text)
