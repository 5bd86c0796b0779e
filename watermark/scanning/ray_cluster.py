"""A Ray cluster: one of this machine alone for the time of a scan, or one that is there.

Ray runs what comes over its ports. One of our own therefore listens on the loopback interface
alone, wants a token that no file holds, shows no dashboard, reports no use of it to anybody, and
leaves nothing behind.
"""

from __future__ import annotations

import ipaddress
import logging
import os
import secrets
import socket
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from importlib.util import find_spec
from tempfile import TemporaryDirectory
from typing import Final

_OUT_OF_MEMORY_RETRIES: Final = "2"  # Ray's own are without end
_SHARED_BYTES_MIN: Final = 80 * 1024**2  # less Ray refuses
_ANSWERS_WITHIN_SECONDS: Final = 10.0


class RayMissing(Exception):
    """Ray was asked for and is not installed; says what to do."""


class ClusterUnusable(Exception):
    """The cluster cannot be joined, or its machines are not fit for the work; says what to do."""


def require_ray() -> None:
    """Raises RayMissing."""
    if find_spec("ray") is None:
        raise RayMissing(
            "Ray is not installed, and --on ray needs it. "
            'Next: pip install "antiphon[ray]", or scan without --on ray'
        )


@contextmanager
def cluster(address: str | None, cpus: int, shared_bytes: int) -> Iterator[None]:
    """Joined to the cluster at `address`, or to one of `cpus` processes that ends with this.

    `shared_bytes` have room in the memory that its processes share. Raises RayMissing and
    ClusterUnusable.
    """
    require_ray()
    with ExitStack() as stack:
        os.environ |= {"RAY_task_oom_retries": _OUT_OF_MEMORY_RETRIES}
        if address is None:
            folder = stack.enter_context(
                TemporaryDirectory(prefix="antiphon-ray-", ignore_cleanup_errors=True)
            )
            _begin(folder, cpus, max(_SHARED_BYTES_MIN, 2 * shared_bytes))
        else:
            require_private(address)
            _join(address)
        import ray

        stack.callback(ray.shutdown)
        yield


def _begin(folder: str, cpus: int, shared_bytes: int) -> None:
    os.environ.setdefault("RAY_AUTH_TOKEN", secrets.token_hex(32))  # Ray reads it once a process
    os.environ |= {
        "RAY_AUTH_MODE": "token",
        # Elsewhere than on Linux a cluster is of one machine and listens on loopback alone. So is
        # ours; the address below is not heeded without it.
        "RAY_ENABLE_WINDOWS_OR_OSX_CLUSTER": "0",
        "RAY_USAGE_STATS_ENABLED": "0",
    }
    import ray

    try:
        ray.init(
            address="local",  # whatever RAY_ADDRESS says
            num_cpus=cpus,
            num_gpus=0,
            object_store_memory=shared_bytes,
            include_dashboard=False,
            log_to_driver=False,
            logging_level=logging.ERROR,
            _node_ip_address="127.0.0.1",
            _temp_dir=folder,
        )
    except (OSError, RuntimeError, ValueError) as error:
        raise ClusterUnusable(
            f"Ray does not start on this machine: {error}. Next: scan without --on ray"
        ) from error


def _join(address: str) -> None:
    import ray

    try:
        if address != "auto":  # Ray would try for a quarter of an hour
            socket.create_connection(_host_and_port(address), _ANSWERS_WITHIN_SECONDS).close()
        ray.init(address=address, log_to_driver=False, logging_level=logging.ERROR)
    except (OSError, RuntimeError, ValueError, ray.exceptions.RayError) as error:
        raise ClusterUnusable(
            f"no cluster can be joined at {address}: {error}. Next: on this machine, too, run "
            "`ray start --address=HEAD:PORT` with the Ray, the Python and the token of the others"
        ) from error


def require_private(address: str) -> None:
    """Raises ClusterUnusable for an address that the world can reach, unless all is encrypted."""
    if os.environ.get("RAY_USE_TLS") == "1" or address == "auto":
        return
    try:
        found = {entry[4][0] for entry in socket.getaddrinfo(*_host_and_port(address))}
    except OSError as error:
        raise ClusterUnusable(f"{address}: {error}; give host:port, or auto") from error
    if public := sorted(one for one in found if ipaddress.ip_address(one).is_global):
        raise ClusterUnusable(
            f"{address} is a public address ({public[0]}), and Ray would send the epoch keys to it "
            "unencrypted. Next: join the cluster over a private network, or set up Ray's TLS and "
            "RAY_USE_TLS=1"
        )


def _host_and_port(address: str) -> tuple[str, int]:
    host, _, port = address.rpartition(":")
    if not host or not port.isdecimal():
        raise ClusterUnusable(f"{address!r} is no address of a cluster; give host:port, or auto")
    return host.strip("[]"), int(port)
