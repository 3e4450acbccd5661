"""A demo database made for one run and served by gunicorn, as in a deployment."""

import os
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from urllib.request import urlopen


@contextmanager
def demo_server(stage: str = "") -> Iterator[str]:
    """Give the address; `stage` is Python that is run once in the loaded demo."""
    with tempfile.TemporaryDirectory(prefix="bd-demo-") as data:
        port = free_port()
        environment = {**os.environ, "DATA_DIR": data, "DEMO_MODE": "1", "PORT": str(port)}
        environment.pop("DATABASE_URL", None)
        prepare = [["migrate", "-v0"], ["demo"], ["collectstatic", "--no-input", "-v0"]]
        if stage:
            prepare.append(["shell", "-v0", "-c", stage])
        for command in prepare:
            manage = [sys.executable, "manage.py", *command]
            subprocess.run(manage, env=environment, check=True, stdout=subprocess.DEVNULL)
        serve = ["gunicorn", "--config", "python:config.gunicorn", "config.wsgi"]
        server = subprocess.Popen(
            [sys.executable, "-m", *serve], env=environment, stdout=subprocess.DEVNULL
        )
        try:
            url = f"http://127.0.0.1:{port}"
            wait_for(f"{url}/healthz")
            yield url
        finally:
            server.terminate()
            server.wait(timeout=20)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def wait_for(url: str, seconds: float = 30) -> None:
    end = time.monotonic() + seconds
    while True:
        try:
            urlopen(url, timeout=2).close()
        except OSError:  # refused, reset, timed out
            if time.monotonic() > end:
                raise
            time.sleep(0.2)
        else:
            return
