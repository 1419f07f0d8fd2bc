"""DVC's memory of hashes, damaged, is removed: it is a mere cache, and DVC makes it anew."""

import sqlite3
from pathlib import Path

import pytest
from dvc.repo import Repo

from croquis.restore.site_cache import renew_site_cache, site_cache_folder


@pytest.fixture
def repo(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Repo:
    monkeypatch.setenv("DVC_SITE_CACHE_DIR", str(tmp_path / "site"))
    (tmp_path / "project").mkdir()
    monkeypatch.chdir(tmp_path / "project")
    repo = Repo.init(no_scm=True)
    repo.close()
    return repo


def files() -> list[Path]:
    return sorted(site_cache_folder().rglob("cache.db"))


def test_it_lies_where_dvc_has_it(repo: Repo) -> None:
    assert site_cache_folder() == Path(repo.site_cache_dir)
    assert len(files()) == 2


@pytest.mark.parametrize("keep", [0, 40])
def test_a_damaged_one_is_removed_and_named(repo: Repo, keep: int) -> None:
    """Every command of DVC ended in `file is not a database`, and named no file."""
    damaged = files()[0]
    content = damaged.read_bytes()
    damaged.write_bytes(content[:keep] + b"garbage" * 1000)
    if keep == 0:  # of the other DVC waits half a minute before it says so
        with pytest.raises(sqlite3.DatabaseError):
            Repo()
    assert renew_site_cache() == [
        f"dvc: {damaged} was damaged, DVC's memory of hashes; it is removed, and DVC makes"
        " it anew"
    ]
    Repo().close()
    assert renew_site_cache() == []


def test_damage_behind_the_first_page_is_seen(repo: Repo) -> None:
    damaged = files()[0]
    content = damaged.read_bytes()
    damaged.write_bytes(content[:4096] + b"\xff" * (len(content) - 4096))
    assert len(renew_site_cache()) == 1


def test_whole_ones_and_ones_in_use_stay(repo: Repo) -> None:
    with sqlite3.connect(files()[0]) as opened:
        opened.execute("BEGIN EXCLUSIVE")
        assert renew_site_cache() == []
    assert len(files()) == 2


def test_a_folder_without_dvc_has_none(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert renew_site_cache() == []
