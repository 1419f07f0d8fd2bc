"""The way into a cluster of Ray: with its token, without its dashboard, and telling nobody."""

import logging
import os
import stat
from pathlib import Path
from typing import Any

from croquis.core.errors import InputError

TOKEN = Path("~/.ray/auth_token")  # where `ray start` leaves it, and looks for it
# Before ray is imported. Its ports are open on all addresses of a machine: never without a token.
SETTINGS = {
    "RAY_AUTH_MODE": "token",
    "RAY_USAGE_STATS_ENABLED": "0",
    "RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO": "0",
}


def connect(address: str) -> Any:
    """Joins a cluster as a driver of jobs; the module `ray`.

    Args:
        address: `auto` for the one that this machine is a node of, or HOST:PORT of its head.

    Raises:
        InputError: if nothing answers there, or it does not take the token.
    """
    os.environ.update(SETTINGS)
    _keep_token_private()
    try:
        import ray
        from ray.exceptions import RayError
    except ImportError as error:
        raise InputError(
            "RAY",
            expected="the package ray",
            received=str(error),
            fix="`make setup` installs it; JOBS=4 needs none",
        ) from error
    try:
        ray.init(
            address=address,
            log_to_driver=False,
            logging_level=logging.ERROR,
        )
    except (ConnectionError, RayError, RuntimeError, ValueError, OSError) as error:
        raise _refused(address, error) from error
    return ray


def _keep_token_private() -> None:
    """Ray makes the file readable for all; whoever reads it runs code here."""
    token = Path(os.environ.get("RAY_AUTH_TOKEN_PATH") or TOKEN).expanduser()
    if token.is_file() and token.stat().st_mode & (stat.S_IRWXG | stat.S_IRWXO):
        token.chmod(0o600)


def _refused(address: str, error: BaseException) -> InputError:
    """One line for what Ray says in many."""
    said = str(error)
    fix = (
        "`RAY_AUTH_MODE=token ray start --head` makes one, and what it prints is said on each"
        " other machine (docs/fanout.md)"
    )
    if "auth" in said.lower() and "token" in said.lower():
        fix = (
            "give this machine the token of the head's ~/.ray/auth_token, with the same path"
            " and mode 600"
        )
    lines = [line.strip() for line in said.splitlines() if line.strip()]
    return InputError(
        "RAY",
        expected=f"a cluster of Ray that answers at {address}",
        received=(lines or [type(error).__name__])[0][:200],
        fix=fix,
    )
