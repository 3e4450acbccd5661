"""What this machine offers the suite; a group of tests whose need is missing is skipped, loudly."""

import os
import shutil
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parent.parent
CHROMIUM_SWITCHES = [
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
BROWSERS = ("chromium", "chromium-browser", "google-chrome")


def find_chromium() -> str | None:
    return next(filter(None, map(shutil.which, BROWSERS)), None)


def shared_directory() -> Path:
    """Where the third-party sets lie, if they do: SHARED_DATA, or `shared` beside us."""
    return Path(os.environ.get("SHARED_DATA") or REPOSITORY.parent / "shared")


def missing_groups() -> dict[str, str]:
    """Marks whose tests cannot run here, each with the reason."""
    missing = {}
    if find_chromium() is None:
        missing["browser"] = f"no {', '.join(BROWSERS)} on the PATH"
    if not shared_directory().is_dir():
        missing["data"] = f"no folder {shared_directory()}; set SHARED_DATA to yours"
    return missing
