"""The ports on which the demo listens: the one that was asked for, or a free one."""

from __future__ import annotations

import socket

from portal.operations.demo.children import DemoFailed

HOST = "127.0.0.1"
SANDBOX_PORT = 8001


def refuse_taken_port(port: int, option: str) -> None:
    """Raise `DemoFailed` when somebody listens on this port."""
    if not _is_free(port):
        raise DemoFailed(f"Port {port} is taken by another program. Choose another with {option}.")


def _is_free(port: int) -> bool:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, port))
        except OSError:
            return False
    return True


def sandbox_port(wished: int | None) -> int:
    """The one that was asked for, else 8001, or 0 (a free one) where that is taken. Raises `DemoFailed`."""
    if wished:
        refuse_taken_port(wished, "--sandbox-port")
    if wished is not None:
        return wished
    return SANDBOX_PORT if _is_free(SANDBOX_PORT) else 0
