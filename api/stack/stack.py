"""The local stack below the ledger's own processes: node, deployed contracts, watermark process."""

from __future__ import annotations

import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import TextIO

import httpx

from api.stack.listening import Port, address, answers, listen, start_anvil
from api.stack.lock import hold
from api.stack.processes import Launch, Process
from chain.client.deployment import Deployment
from chain.ledger.identifiers import Address

ROOT = Path(__file__).resolve().parents[2]
ANVIL = ROOT / ".tools" / "anvil"
NODE_PORT = 8545
WATERMARK_PORT = 8546
# Compiling takes a minute, and several where others compute beside it.
DEPLOY_SECONDS = 900.0


@dataclass
class Stack:
    """Starts parts one by one under `state`; `stop` ends them in reverse.

    As a context it also keeps `state` to this process. Raises StateInUse on entering.
    """

    state: Path
    processes: list[Process] = field(default_factory=list)
    node_url: str = ""
    watermark_url: str = ""
    node_port: Port = field(default_factory=lambda: Port(NODE_PORT))
    watermark_port: Port = field(default_factory=lambda: Port(WATERMARK_PORT))
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

    def dead(self) -> Process | None:
        """A part that ended without being asked to, if any."""
        return next((process for process in self.processes if not process.alive), None)

    def stop(self) -> None:
        """End every part, the last started first."""
        while self.processes:
            self.processes.pop().stop()

    def _log(self, name: str) -> Path:
        return self.state / "logs" / f"{name}.log"

    def _serve(
        self, name: str, command: list[str], port: Port, environment: dict[str, str]
    ) -> tuple[Process, str]:
        """A part that answers HTTP, not ready yet, and its address."""
        with listen(port) as listener:
            url = address(listener)
            launch = Launch(
                name,
                [*command, "--listener", str(listener.fileno())],
                self._log(name),
                lambda: answers(f"{url}/health"),
                environment,
                listener=listener,
            )
            process = Process.launch(launch)
        self.processes.append(process)
        return process, url

    def start_node(self, *, persistent: bool) -> None:
        """A real EVM node. Persistent: the chain is kept in `state` and loaded again next time."""
        arguments = ["--accounts", "30", "--hardfork", "cancun", "--slots-in-an-epoch", "1"]
        if persistent:
            arguments += ["--state", str(self.state / "chain.json"), "--preserve-historical-states"]
        process, self.node_url = start_anvil(ANVIL, arguments, self._log("node"), self.node_port)
        self.processes.append(process)

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
        log = self._log("deploy")
        launch = Launch("deploy", command, log, lambda: False, {}, DEPLOY_SECONDS, ROOT)
        Process.launch(launch).wait_done()

    def start_watermark(self) -> Process:
        """The watermark process; torch is imported there and nowhere else.

        Importing takes seconds: the caller waits for readiness when it needs the process.
        """
        command = [sys.executable, "-m", "watermark", "serve"]
        command += ["--state", str(self.state / "watermark")]
        environment = {"NO_TORCH_COMPILE": "1", "OMP_WAIT_POLICY": "PASSIVE"}
        process, self.watermark_url = self._serve(
            "watermark", command, self.watermark_port, environment
        )
        return process
