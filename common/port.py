"""The port that a server listens on."""

import socket


class PortTaken(Exception):
    """The port can't be listened on. The sentence says why, and what to do."""


def bound(host: str, port: int) -> socket.socket:
    """Bind a socket, which does not listen yet; raises `PortTaken`."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    # asyncio sends an answer without delay (TCP_NODELAY) only where the protocol is named.
    listener = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((host, port))
    except (OSError, OverflowError) as error:
        listener.close()
        why = error.strerror if isinstance(error, OSError) else "there is no such port"
        raise PortTaken(
            f"Port {port} of {host} can't be listened on: {why}. Name another one with --port, or stop what uses it."
        ) from None
    return listener
