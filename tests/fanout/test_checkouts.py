"""Checkouts that somebody uses stay; old ones, and those beyond the newest, go."""

import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from croquis.fanout.checkouts import (
    OLD,
    alone,
    clear_fanout,
    in_use,
    sweep_checkouts,
)

DAY = 86400


def used(home: Path, name: str, days: float) -> Path:
    """A checkout that was used last so many days ago."""
    checkout = home / name
    checkout.mkdir(parents=True)
    (checkout / "file").touch()
    with in_use(checkout):
        pass
    then = time.time() - days * DAY
    os.utime(home / f"{name}.users", (then, then))
    return checkout


def test_the_newest_three_of_the_last_week_stay(tmp_path: Path) -> None:
    for name, days in {"a": 6.9, "b": 1, "c": 2, "d": 3, "e": 8}.items():
        used(tmp_path, name, days)
    sweep_checkouts(tmp_path)
    left = {path.name for path in tmp_path.iterdir() if path.is_dir()}
    assert left == {"b", "c", "d"}
    used(tmp_path, "f", OLD / DAY + 1)
    sweep_checkouts(tmp_path)
    assert not (tmp_path / "f").exists() and not (tmp_path / "f.users").exists()


def test_one_in_use_stays_also_when_its_supervisor_was_killed(
    tmp_path: Path,
) -> None:
    """What the supervisor began holds the lock, too, until it has saved its state."""
    checkout = used(tmp_path, "a", 9)
    with in_use(checkout) as lock:
        assert lock is not None
        child = subprocess.Popen(
            [sys.executable, "-c", "input()"],
            stdin=subprocess.PIPE,
            pass_fds=[lock],
        )
    then = time.time() - 9 * DAY
    os.utime(tmp_path / "a.users", (then, then))
    sweep_checkouts(tmp_path)
    assert (checkout / "file").is_file()
    child.communicate(b"\n")
    sweep_checkouts(tmp_path)
    assert not checkout.exists()


def test_what_a_kill_has_left_half_made_or_half_removed_goes(
    tmp_path: Path,
) -> None:
    for name, days in {"a": 1, "b": 2, "c": 3}.items():
        used(tmp_path, name, days)
    then = time.time() - 8 * DAY
    for name in ("d", "e.gone"):
        (tmp_path / name).mkdir()
        os.utime(tmp_path / name, (then, then))
    (tmp_path / "d.making").touch()
    sweep_checkouts(tmp_path)
    assert {path.name.partition(".")[0] for path in tmp_path.iterdir()} == {*"abc"}


def test_a_home_that_is_not_there_has_nothing_to_sweep(tmp_path: Path) -> None:
    sweep_checkouts(tmp_path / "none")
    assert list(tmp_path.iterdir()) == []


def test_a_link_in_place_of_a_projects_folder_stays(tmp_path: Path) -> None:
    used(tmp_path / "disk" / "checkouts", "a", 0)
    (tmp_path / ".fanout").symlink_to(tmp_path / "disk")
    assert "a link" in clear_fanout(tmp_path / ".fanout")
    assert (tmp_path / "disk" / "checkouts" / "a").is_dir()


def test_a_second_attempt_waits_until_the_first_has_ended(tmp_path: Path) -> None:
    path, waits = tmp_path / "tmp" / "lock", []

    def wait() -> None:
        waits.append(1)
        if len(waits) == 2:
            raise SystemExit(143)

    with alone(path, wait) as lock:
        assert lock is not None and waits == []
        with pytest.raises(SystemExit), alone(path, wait):
            raise AssertionError("two at once")
    assert len(waits) == 2
    with alone(path, wait):
        assert len(waits) == 2
