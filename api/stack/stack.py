"""The local stack: node, deployed contracts, watermark process, oracle and API."""

from __future__ import annotations

import sys
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import TextIO

import httpx

from api.stack.lock import hold
from api.stack.processes import Launch, Process, StackError, free_port
from chain.client.deployment import Deployment
from chain.ledger.identifiers import Address

ROOT = Path(__file__).resolve().parents[2]
NODE_PORT = 8545
WATERMARK_PORT = 8546
API_PORT = 8547
DEVELOPMENT_CHAIN_ID = 31337
DEPLOY_SECONDS = 180.0
Progress = Callable[[str], None]


def _silent(_line: str) -> None: ...


def answers(url: str) -> bool:
    with suppress(httpx.HTTPError):
        return httpx.get(url, timeout=1.0).status_code == httpx.codes.OK
    return False


def node_answers(url: str) -> bool:
    request = {"jsonrpc": "2.0", "id": 1, "method": "eth_chainId", "params": []}
    with suppress(httpx.HTTPError, ValueError, KeyError):
        answer = httpx.post(url, json=request, timeout=1.0)
        return int(answer.json()["result"], 16) == DEVELOPMENT_CHAIN_ID
    return False


@dataclass
class Stack:
    """Starts parts one by one under `state`; `stop` ends them in reverse.

    As a context it also keeps `state` to this process. Raises StateInUse on entering.
    """

    state: Path
    progress: Progress = _silent
    processes: list[Process] = field(default_factory=list)
    node_url: str = ""
    watermark_url: str = ""
    api_url: str = ""
    _ports: set[int] = field(default_factory=set)
    _lock: TextIO | None = None

    def __post_init__(self) -> None:
        # Children may run in another folder.
        self.state = self.state.resolve()

    @property
    def deployment_file(self) -> Path:
        return self.state / "deployment.json"

    def __enter__(self) -> Stack:
        self.state.mkdir(parents=True, exist_ok=True)
        self._lock = hold(self.state)
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()
        if self._lock is not None:
            self._lock.close()

    def _port(self, preferred: int) -> int:
        port = free_port(preferred, self._ports)
        self._ports.add(port)
        return port

    def dead(self) -> Process | None:
        """A part that ended without being asked to, if any."""
        return next((process for process in self.processes if not process.alive), None)

    def stop(self) -> None:
        """End every part, the last started first."""
        while self.processes:
            self.processes.pop().stop()

    def _launch(
        self, name: str, command: list[str], ready: Callable[[], bool], environment: dict[str, str]
    ) -> Process:
        log = self.state / "logs" / f"{name}.log"
        process = Process.launch(Launch(name, command, log, ready, environment))
        self.processes.append(process)
        return process

    def start_node(self, *, persistent: bool) -> None:
        """A real EVM node. Persistent: the chain is kept in `state` and loaded again next time."""
        port = self._port(NODE_PORT)
        self.node_url = f"http://127.0.0.1:{port}"
        binary = ROOT / ".tools" / "anvil"
        if not binary.exists():
            raise StackError(f"the EVM node is not installed at {binary}. Next: make setup")
        command = [str(binary), "--port", str(port), "--accounts", "30", "--hardfork", "cancun"]
        command += ["--slots-in-an-epoch", "1", "--quiet"]
        if persistent:
            command += ["--state", str(self.state / "chain.json"), "--preserve-historical-states"]
        self._launch("node", command, lambda: node_answers(self.node_url), {}).wait_ready()

    def deploy(self, window_seconds: int) -> dict[str, Address]:
        """Deploy through Brownie unless this state already has a deployment that the node knows.

        Raises StackError, DeploymentInvalid.
        """
        if not self._deployed():
            self._run_deploy(window_seconds)
        return dict(Deployment.load(self.deployment_file).contracts)

    def _deployed(self) -> bool:
        if not self.deployment_file.exists():
            return False
        address = Deployment.load(self.deployment_file).contracts["RoyaltyLedger"]
        request = {
            "jsonrpc": "2.0",
            "id": 1,
            "method": "eth_getCode",
            "params": [address, "latest"],
        }
        code = httpx.post(self.node_url, json=request, timeout=5.0).json()["result"]
        return bool(code != "0x")

    def _run_deploy(self, window_seconds: int) -> None:
        command = [sys.executable, "-m", "scripts.deploy", "--rpc", self.node_url]
        command += ["--out", str(self.deployment_file), "--window-seconds", str(window_seconds)]
        log = self.state / "logs" / "deploy.log"
        launch = Launch("deploy", command, log, lambda: False, {}, DEPLOY_SECONDS, ROOT)
        Process.launch(launch).wait_done()

    def start_watermark(self) -> Process:
        """The watermark process; torch is imported there and nowhere else.

        Importing takes seconds: the caller waits for readiness when it needs the process.
        """
        port = self._port(WATERMARK_PORT)
        self.watermark_url = f"http://127.0.0.1:{port}"
        command = [sys.executable, "-m", "watermark", "serve", "--port", str(port)]
        command += ["--state", str(self.state / "watermark")]
        environment = {"NO_TORCH_COMPILE": "1", "OMP_WAIT_POLICY": "PASSIVE"}
        return self._launch(
            "watermark", command, lambda: answers(f"{self.watermark_url}/health"), environment
        )

    def start_oracle(self) -> None:
        """The oracle's loop: keeps the direct lane, seals, signs, posts and pays epochs."""
        command = [sys.executable, "-m", "oracle", "run"]
        outbox = self.state / "outbox.sqlite"
        environment = {
            "ANTIPHON_RPC_URL": self.node_url,
            "ANTIPHON_DEPLOYMENT": str(self.deployment_file),
            "ANTIPHON_INDEX_URL": f"sqlite:///{self.state / 'index.sqlite'}",
            "ANTIPHON_OUTBOX": str(outbox),
            "ANTIPHON_BLOCKS": str(self.state / "blocks"),
        }
        self._launch("oracle", command, outbox.exists, environment).wait_ready()

    def start_api(self) -> None:
        port = self._port(API_PORT)
        self.api_url = f"http://127.0.0.1:{port}"
        command = [sys.executable, "-m", "api", "--port", str(port), "--state", str(self.state)]
        command += ["--rpc", self.node_url, "--watermark", self.watermark_url]
        command += ["--deployment", str(self.deployment_file)]
        self._launch("api", command, lambda: answers(f"{self.api_url}/health"), {}).wait_ready()
