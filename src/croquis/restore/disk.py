"""What lies at the places of outputs, asked of DVC."""

from pathlib import Path
from typing import Any


class Disk:
    """What lies at the places of outputs, by DVC's hashes."""

    def __init__(self) -> None:
        self._repo: Any = None
        self._contents: dict[str, Any] = {}

    def hash(self, path: str) -> str | None:
        """DVC's hash of a file or folder; None where nothing lies, "" where DVC has no hash."""
        if not Path(path).exists():
            return None
        content = self._object(path)
        return "" if content is None else content.hash_info.value

    def saved(self, path: str) -> bool:
        """Whether DVC's cache has every file of it."""
        content = self._object(path)
        cache = self._open_repo().cache.local
        if content is None:
            return False
        parts = (
            [hashed.value for _, _, hashed in content]
            if content.hash_info.isdir
            else []
        )
        return all(cache.exists(each) for each in [content.hash_info.value, *parts])

    def _open_repo(self) -> Any:
        from dvc.repo import Repo  # DVC takes a second to import

        self._repo = self._repo or Repo()
        return self._repo

    def _object(self, path: str) -> Any:
        from dvc_data.hashfile.build import build

        if path not in self._contents:
            repo = self._open_repo()
            place = str(Path(path).absolute())
            cache = repo.cache.local
            try:
                _, _, content = build(cache, place, repo.fs, "md5", dry_run=True)
            except UnicodeEncodeError:
                content = (
                    None  # a name inside that is not UTF-8: no result of a run
                )
            self._contents[path] = content
        return self._contents[path]
