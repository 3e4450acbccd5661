"""How gunicorn serves; run as a module it says whether the address is free.

A deployment uses the same file, and `--bind` to listen elsewhere (docs/deploy.md).
"""

import gc
import os
import socket
import sys
from typing import Any

HOST = "127.0.0.1"


def port_number(value: str) -> int:
    if not value.isascii() or not value.isdigit() or not 1 <= int(value) <= 65535:
        sys.exit(f"PORT: expected a number from 1 to 65535, got {value!r}.")
    return int(value)


PORT = port_number(os.environ.get("PORT") or "8000")

bind = f"{HOST}:{PORT}"
workers = 2
worker_class = "gthread"
threads = 4
timeout = 120
graceful_timeout = 30
max_requests = 0
accesslog = None
loglevel = "warning"
control_socket_disable = True
# The workers' heartbeat is a file they touch: a slow disk must not look like a worker that hangs.
worker_tmp_dir = "/dev/shm" if os.access("/dev/shm", os.W_OK) else None  # noqa: S108


def post_worker_init(worker: Any) -> None:
    """Load what the first answers would wait for, and keep it out of every search for garbage.

    It is some hundred thousand objects that stay: looking through them took up to 50 ms, in the
    middle of somebody's answer.
    """
    from feedback.rendering import load_languages  # the application: not there before a worker is

    load_languages()
    gc.collect()
    gc.freeze()
    gc.set_threshold(20_000, 20, 50)


def when_ready(server: Any) -> None:
    """Say where to look, once the address answers."""
    for address in server.cfg.address:
        where = f"http://{address[0]}:{address[1]}" if isinstance(address, tuple) else address
        sys.stdout.write(f"Open {where}\n")
    sys.stdout.flush()


def refuse_a_taken_port() -> None:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, PORT))
        except OSError as error:
            sys.exit(f"Cannot listen on {bind} ({error.strerror}): stop what does, or set PORT.")


if __name__ == "__main__":
    refuse_a_taken_port()
