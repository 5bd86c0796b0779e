"""`antiphon up`: a whole ledger on this machine, or this machine's part in one."""

from __future__ import annotations

import json
import signal
import sys
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final
from urllib.parse import urlsplit

import typer

from api.cli.printing import print_json, refuse
from api.cli.running import RUNNING_FILE

if TYPE_CHECKING:
    from api.stack.crew import Crew
    from api.stack.listening import Port
    from api.stack.stack import Stack

STATE: Final = Path("var/ledger")
LOOK_SECONDS: Final = 0.5
ROLES: Final = ("ingest", "epoch", "submit", "index")
TAKING_PART: Final = "Taking part in a ledger that runs elsewhere"

State = Annotated[
    Path,
    typer.Option(help="Folder of chain, index, blocks and logs; var/demo shows the demo's."),
]
Split = Annotated[
    bool, typer.Option("--split", help="A process for each role, and the log lines of all here.")
]
Database = Annotated[
    str,
    typer.Option(
        envvar="ANTIPHON_OUTBOX_URL",
        help="PostgreSQL for the outbox, which machines may share; a file in --state without. "
        "The variable keeps its password out of the list of processes.",
    ),
]
Role = Annotated[
    list[str] | None,
    typer.Option(
        "--role",
        help="Take on ingest, epoch, submit or index of a deployment that exists, and start no "
        "node; several times for several. Waits where another process has the role.",
        rich_help_panel=TAKING_PART,
    ),
]
Rpc = Annotated[str, typer.Option(help="The chain's node.", rich_help_panel=TAKING_PART)]
DeploymentFile = Annotated[
    Path | None,
    typer.Option(
        "--deployment",
        help="Where its contracts are: deployment.json of the first machine's --state.",
        rich_help_panel=TAKING_PART,
    ),
]
Watermark = Annotated[
    str,
    typer.Option(help="The watermark service, for ingest.", rich_help_panel=TAKING_PART),
]
PageNumber = Annotated[
    int | None,
    typer.Option(min=0, max=65_535, help="Of page and API; 8547, or a free one where it is taken."),
]
NodeNumber = Annotated[
    int | None,
    typer.Option(min=0, max=65_535, help="Of the EVM node; 8545, or a free one."),
]
WatermarkNumber = Annotated[
    int | None,
    typer.Option(min=0, max=65_535, help="Of the watermark service; 8546, or a free one."),
]
AsJson = Annotated[bool, typer.Option("--json", help="Print the addresses as JSON for programs.")]


def up(
    state: State = STATE,
    split: Split = False,
    database: Database = "",
    port: PageNumber = None,
    node_port: NodeNumber = None,
    watermark_port: WatermarkNumber = None,
    role: Role = None,
    rpc: Rpc = "",
    deployment: DeploymentFile = None,
    watermark: Watermark = "",
    as_json: AsJson = False,
) -> None:
    """Start node, watermark service, oracle and API; Ctrl-C ends them all.

    The chain is a development chain of this machine: deployed on the first start, which compiles
    for a minute, and kept in the folder of --state. Processes of the oracle and the API that end
    are started again; the log of each is in that folder too.

    Example: antiphon up --split

    To take part in a ledger whose node and contracts exist, say which roles this machine takes on.
    Keys come from the environment: docs/OPERATORS.md.

    Example: antiphon up --role submit --rpc http://10.0.0.5:8545 --deployment deployment.json
    """
    from api.stack.crew import API_PORT
    from api.stack.listening import Port
    from api.stack.stack import NODE_PORT, WATERMARK_PORT, Stack

    def asked(number: int | None, usual: int, option: str) -> Port:
        return Port(usual) if number is None else Port(number, option, is_asked=True)

    ports = {"--node-port": node_port, "--watermark-port": watermark_port, "--split": split or None}
    elsewhere = {"--rpc": rpc, "--deployment": deployment, "--watermark": watermark}
    parts = _checked(role or [], ports, elsewhere)
    page = asked(port, API_PORT, "--port")
    stack = Stack(
        state,
        node_port=asked(node_port, NODE_PORT, "--node-port"),
        watermark_port=asked(watermark_port, WATERMARK_PORT, "--watermark-port"),
    )
    try:
        with stack:
            if deployment is None:
                beginning = _whole(stack, database or None, page, is_split=split)
            else:
                place = (rpc, deployment, watermark, database or None)
                beginning = _taking_part(stack, place, parts, page)
            with beginning as crew, _found_by_others(crew.api_url):
                _print(_addresses(stack, crew, state), as_json=as_json)
                _keep_running(stack, crew, err=as_json, with_logs=split or bool(parts))
    except KeyboardInterrupt:
        pass
    if not as_json:
        typer.echo("stopped")


def _checked(
    roles: Sequence[str], without: Mapping[str, object], beside: Mapping[str, object]
) -> tuple[str, ...]:
    """The roles, once each; options that do not go with them, or without them, are refused."""
    unknown = [name for name in roles if name not in ROLES]
    if unknown:
        refuse(f"there is no role {unknown[0]}. Next: give {', '.join(ROLES)}")
    if not roles:
        given = [option for option, value in beside.items() if value]
        if given:
            refuse(f"{given[0]} goes with --role. Next: say which role this machine takes on")
        return ()
    given = [option for option, value in without.items() if value is not None]
    if given:
        refuse(f"{given[0]} does not go with --role, which starts no node. Next: leave it out")
    wanted = ["--rpc", "--deployment", *(["--watermark"] if "ingest" in roles else [])]
    missing = [option for option in wanted if not beside[option]]
    if missing:
        refuse(f"--role needs {' and '.join(missing)}: where the ledger is that this joins")
    return tuple(dict.fromkeys(roles))


@contextmanager
def _whole(stack: Stack, database: str | None, port: Port, *, is_split: bool) -> Iterator[Crew]:
    """Everything on this machine, ready. Raises StackError and what deploying refuses."""
    from api.demo.story import WINDOW_SECONDS
    from api.stack.crew import Crew, Place
    from api.stack.ports import who_listens

    watermark = stack.start_watermark()
    stack.start_node(persistent=True)
    if not stack.deployment_file.exists():
        typer.echo("compiling and deploying the contracts: a minute or more, this once", err=True)
    stack.deploy(WINDOW_SECONDS)
    watermark.wait_ready()
    urls = (stack.watermark_url, stack.node_url)
    place = Place(stack.state, urls[1], stack.deployment_file, urls[0], database)
    with Crew(place) as crew:
        crew.start_all(is_split=is_split, port=port)
        for chosen, url, option in (
            (stack.node_port, stack.node_url, "--node-port"),
            (stack.watermark_port, stack.watermark_url, "--watermark-port"),
            (port, crew.api_url, "--port"),
        ):
            if not chosen.is_asked and urlsplit(url).port != chosen.number:
                who = who_listens(chosen.number) or "somebody"
                taken = f"port {chosen.number} is taken: {who} listens there"
                typer.echo(f"{taken}; {url} instead ({option} chooses another)", err=True)
        yield crew


@contextmanager
def _taking_part(
    stack: Stack,
    place: tuple[str, Path, str, str | None],
    parts: Sequence[str],
    port: Port,
) -> Iterator[Crew]:
    """Some roles of a ledger that is elsewhere. Raises StackError."""
    from api.stack.crew import Crew, Part, Place

    rpc, deployment, watermark, database = place
    with Crew(Place(stack.state, rpc, deployment.resolve(), watermark, database)) as crew:
        crew.start([Part(name) for name in parts], port=port)
        yield crew


@contextmanager
def _found_by_others(api_url: str) -> Iterator[None]:
    """Leave the API's address for other commands, while it runs."""
    if not api_url:
        yield
        return
    RUNNING_FILE.parent.mkdir(parents=True, exist_ok=True)
    RUNNING_FILE.write_text(json.dumps({"api": api_url}))
    try:
        yield
    finally:
        RUNNING_FILE.unlink(missing_ok=True)


def _addresses(stack: Stack, crew: Crew, state: Path) -> dict[str, str]:
    found = {}
    if crew.api_url:
        found = {"web page": f"{crew.api_url}/", "HTTP API": f"{crew.api_url}/openapi.json"}
    if stack.node_url:
        found |= {"watermark service": stack.watermark_url, "EVM node": stack.node_url}
    if "oracle" in crew.processes:
        return {**found, "oracle's log": str(state / "logs" / "oracle.log")}
    return {**found, "logs": str(state / "logs")} | {
        name: "waits" if process is None else f"process {process}"
        for name, process in crew.processes.items()
    }


def _print(addresses: Mapping[str, str], *, as_json: bool) -> None:
    if as_json:
        print_json(addresses)
        sys.stdout.flush()
        return
    for name, where in addresses.items():
        typer.echo(f"{name:18} {where}")
    typer.echo("Ctrl-C ends them all.")


def _keep_running(stack: Stack, crew: Crew, *, err: bool, with_logs: bool) -> None:
    """Until somebody ends it. A part without which nothing works ends it too."""
    stop = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: stop.set())
    while not stop.wait(LOOK_SECONDS):
        for line in crew.attend(with_logs=with_logs):
            typer.echo(line, err=err)
        dead = stack.dead()
        if dead is not None:
            refuse(f"{dead.name} stopped. Next: read {stack.state / 'logs'}/{dead.name}.log")
