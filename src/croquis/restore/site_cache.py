"""DVC's memory of hashes, outside of the project: SQLite files that a kill or a disk may damage.

Every command of DVC opens them first, and then ends in "file is not a database" with no name.
"""

import sqlite3
from contextlib import closing
from pathlib import Path
from urllib.parse import quote

from croquis.core.errors import InputError

# SQLITE_ERROR: it cannot make sense of the first bytes. Other codes are of locks, rights, the disk.
DAMAGE = (sqlite3.SQLITE_ERROR, sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB)
LOOKED_THROUGH = 64 * 2**20  # bytes of a file whose pages are all looked at


def renew_site_cache() -> list[str]:
    """Removes what is damaged of DVC's memory of this folder; DVC makes it anew. A line for each.

    Raises:
        InputError: if it cannot be removed.
    """
    if not Path(".dvc").is_dir():
        return []
    lines = []
    for path in sorted(site_cache_folder().rglob("*.db")):
        if _is_damaged(path):
            _remove(path)
            lines.append(
                f"dvc: {path} was damaged, DVC's memory of hashes; it is removed, and DVC"
                " makes it anew"
            )
    return lines


def site_cache_folder() -> Path:
    """Where DVC keeps its memory of this folder; asked without opening it, as DVC does at once.

    What is used of DVC here is no promise of it: test_dvc_contract.py holds it.
    """
    from dvc.fs import LocalFileSystem
    from dvc.repo import Repo

    repo = Repo.__new__(Repo)
    repo.root_dir = str(Path.cwd().resolve())
    repo.dvc_dir = str(Path.cwd().resolve() / ".dvc")
    repo._fs = LocalFileSystem()
    repo._config = repo._remote = repo._remote_config = None
    return Path(repo.site_cache_dir)


def _is_damaged(path: Path) -> bool:
    address = f"file:{quote(str(path))}?mode=rw"
    try:
        with closing(sqlite3.connect(address, uri=True, timeout=2)) as opened:
            opened.execute("SELECT count(*) FROM sqlite_master")
            if path.stat().st_size > LOOKED_THROUGH:
                return False
            (first,) = opened.execute("PRAGMA quick_check(1)").fetchone()
            return bool(first != "ok")
    except sqlite3.Error as error:
        return getattr(error, "sqlite_errorcode", 0) & 0xFF in DAMAGE
    except OSError:  # another process was quicker
        return False


def _remove(path: Path) -> None:
    for suffix in ("-wal", "-shm", "-journal", ""):
        file = path.with_name(path.name + suffix)
        try:
            file.unlink(missing_ok=True)
        except OSError as error:
            raise InputError(
                file,
                expected="DVC's memory of hashes",
                received="a damaged file that cannot be removed",
                fix=f"remove it, as who owns it: rm {file}",
            ) from error
