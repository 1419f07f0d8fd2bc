"""Notes on what stages read: whole, or as if there were none."""

import json
import os
from pathlib import Path

import pytest

from croquis.core.stage_files import inputs
from croquis.core.stage_files.read_notes import (
    READ,
    Note,
    note_path,
    read_note,
    read_notes,
    write_note,
)

NOTE: Note = {
    "texts": {"params.yaml": "lr: 1\n", "more.yaml": None},
    "keys": {"params.yaml": ["lr"], "more.yaml": []},
    "states": {"src/croquis/vote": {"src/croquis/vote/a.py": "00ff"}},
}
DAMAGED = [
    "",
    '{"texts": {',
    "\x00" * 50,
    "[]",
    "null",
    "[" * 100_000,
    '{"texts": {}, "keys": {}}',
    '{"texts": {}, "keys": {}, "states": []}',
    '{"texts": {}, "keys": {}, "states": {"src": "00"}}',
    '{"texts": {"a": 1}, "keys": {"a": []}, "states": {}}',
    '{"texts": {"a": "b"}, "keys": {}, "states": {}}',
    '{"texts": {"a": "b"}, "keys": {"a": [1]}, "states": {}}',
]


@pytest.fixture(autouse=True)
def _folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def test_a_note_is_read_as_it_was_left() -> None:
    write_note("train@a-0", NOTE)
    assert read_note(note_path("train@a-0")) == NOTE
    assert list(read_notes()) == [NOTE]
    assert [path.name for path in READ.iterdir()] == ["train@a-0.json"]


@pytest.mark.parametrize("text", DAMAGED)
def test_a_note_that_a_kill_cut_is_none(text: str) -> None:
    write_note("vote", NOTE)
    note_path("train").write_text(text)
    assert read_note(note_path("train")) is None
    assert list(read_notes()) == [NOTE]
    inputs.refuse_changed("train")  # says nothing


def test_every_beginning_of_a_note_is_none() -> None:
    text = json.dumps(NOTE)
    READ.mkdir(parents=True)
    for length in range(len(text)):
        note_path("vote").write_text(text[:length])
        assert read_note(note_path("vote")) is None


def test_a_kill_while_it_is_written_leaves_the_former_one(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    write_note("vote", NOTE)

    def killed(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(os, "replace", killed)
    with pytest.raises(KeyboardInterrupt):
        write_note("vote", {"texts": {}, "keys": {}, "states": {}})
    assert list(read_notes()) == [NOTE]  # a draft is no note, either
