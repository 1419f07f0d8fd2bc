"""A run that can be calls anything, whatever happens to its server."""

from pathlib import Path

import pytest

from croquis.tracking.runs import Run


class Recording:
    """A client that keeps what it is calls."""

    def __init__(self) -> None:
        self.calls: list[tuple[str, object]] = []

    def log_batch(self, run_id: str, metrics: tuple = (), tags: tuple = ()) -> None:
        self.calls += [(metric.key, metric.value) for metric in metrics]

    def log_artifact(self, run_id: str, path: str) -> None:
        self.calls.append(("file", path))

    def log_artifacts(self, run_id: str, path: str, place: str) -> None:
        self.calls.append((place, path))

    def set_terminated(self, run_id: str, status: str) -> None:
        self.calls.append(("ended", status))


def test_what_is_no_curve_of_the_learning_gets_a_section_of_its_own() -> None:
    client = Recording()
    Run(client, "id").metrics(
        {"epoch": 1, "val_loss": 0.5, "images_per_second": 99}, 1
    )
    assert client.calls == [
        ("progress/epoch", 1.0),
        ("val_loss", 0.5),
        ("speed/images_per_second", 99.0),
    ]


def test_a_folder_is_kept_under_its_name(tmp_path: Path) -> None:
    (tmp_path / "report").mkdir()
    (tmp_path / "a.csv").touch()
    client = Recording()
    run = Run(client, "id")
    run.artifact(tmp_path / "report")
    run.artifact(tmp_path / "a.csv")
    run.end()
    assert client.calls == [
        ("report", str(tmp_path / "report")),
        ("file", str(tmp_path / "a.csv")),
        ("ended", "FINISHED"),
    ]


def test_a_run_of_nothing_takes_everything() -> None:
    run = Run(None, None)
    run.metrics({"loss": 1.0})
    run.tags({"a": "b"})
    run.artifact(Path("nowhere"))
    run.watch("sqlite:///nowhere.db")
    run.end()


def test_a_server_that_dies_midway_warns_once() -> None:
    class Dying:
        def log_batch(self, *_: object, **__: object) -> None:
            raise ConnectionError("gone\nwith details")

    run = Run(Dying(), "id")
    with pytest.warns(
        UserWarning, match="off for this run: gone; training goes on"
    ):
        run.metrics({"loss": 1.0})
    run.metrics({"loss": 1.0})  # a second warning would be an error here


def test_a_password_in_a_servers_address_is_not_printed() -> None:
    class Refusing:
        def log_batch(self, *_: object, **__: object) -> None:
            raise ConnectionError("request to https://me:secret@host/api failed")

    with pytest.warns(UserWarning, match=r"https://\*\*\*@host/api failed"):
        Run(Refusing(), "id").metrics({"loss": 1.0})
