"""DVC's settings of a checkout: where its cache is, what links to it, and from where it pulls."""

import re
from pathlib import Path
from typing import Any

# Links first: an input of gigabytes costs nothing then. Hard links are safe in a checkout, as no
# stage writes into a file that is there.
LINKS = "reflink,hardlink,copy"
NAME = re.compile(r"[\w.-]+")
# Each machine has its own, in its environment or in DVC's global settings: a parcel is a file
# that may be sent around.
SECRETS = re.compile(
    r"password|passphrase|secret|token|_key$|^key$|access_key|connection_string|credential"
    r"|ask_pass|keyfile_data",
    re.IGNORECASE,
)
NO_SECRETS = {
    "keyfile",
    "ssh_keyfile",
    "credentialpath",
    "configpath",
}  # paths alone


def dvc_settings(root: Path) -> dict[str, Any]:
    """The remotes of a project that lie in its own files, with whole paths, without secrets."""
    from dvc.config import Config

    config = Config(str(root / ".dvc"), validate=False)
    core: dict[str, str] = {}
    remotes: dict[str, dict[str, Any]] = {}
    for level in ("repo", "local"):
        content = config.load_one(level)
        if "remote" in content["core"]:
            core["remote"] = str(content["core"]["remote"])
        for name, remote in content["remote"].items():
            remotes.setdefault(name, {}).update(_open_values(remote))
    return {"core": core, "remote": remotes}


def _open_values(remote: dict[str, Any]) -> dict[str, str]:
    return {
        key: str(value)
        for key, value in remote.items()
        if key in NO_SECRETS or not SECRETS.search(key)
    }


def write_settings(
    checkout: Path, settings: dict[str, Any], *, cache: Path | None, place: Path
) -> None:
    """Writes `.dvc/config.local` of a checkout.

    Args:
        checkout: the folder that has `.dvc`.
        settings: as `dvc_settings` gives them.
        cache: DVC's cache; None: the checkout's own.
        place: where the checkout is moved to once it is whole.
    """
    from dvc.config import Config

    config = Config(str(checkout / ".dvc"), validate=False)
    with config.edit("local", validate=False) as content:
        # What DVC remembers of its files goes with the checkout.
        site = place / ".dvc" / "tmp" / "site"
        content["core"] |= {**settings["core"], "site_cache_dir": str(site)}
        content["cache"]["type"] = LINKS
        if cache is not None:
            content["cache"]["dir"] = str(cache)
        for name, remote in settings["remote"].items():
            content["remote"][name] = dict(remote)


def cache_folder(root: Path) -> Path:
    """DVC's cache of a project."""
    from dvc.config import Config

    config = Config(str(root / ".dvc"))
    folder = config["cache"].get("dir")
    return Path(folder) if folder else root / ".dvc" / "cache"


def default_remote(root: Path) -> str:
    """The name of the remote that DVC pushes to; empty without one."""
    from dvc.config import Config

    return str(Config(str(root / ".dvc"))["core"].get("remote") or "")
