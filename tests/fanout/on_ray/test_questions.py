"""A machine gets work if it is as this one, and its GPUs can be used; its disk may be another."""

import sys
from dataclasses import replace
from pathlib import Path
from subprocess import CompletedProcess

import pytest

from croquis.fanout.on_ray import questions
from croquis.fanout.on_ray.questions import Answer, Question, answer, ask, forget


@pytest.fixture(autouse=True)
def no_gpus(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(questions, "visible_gpus", lambda environment: ())


@pytest.fixture
def question(tmp_path: Path) -> Question:
    return ask(tmp_path / "project", tmp_path / "cache")


def test_this_machine_fits(question: Question) -> None:
    assert answer(question) == Answer("", shares_disk=True)


def test_a_disk_is_shared_only_where_project_and_cache_are_seen(
    question: Question,
) -> None:
    project = replace(question, notes=(Path("elsewhere"), question.notes[1]))
    cache = replace(question, notes=(question.notes[0], Path("elsewhere")))
    another = replace(question, nonce="of another run")
    for each in (project, cache, another):
        assert not answer(each).shares_disk


def test_nothing_of_a_question_stays(question: Question, tmp_path: Path) -> None:
    forget(question)
    assert [path for path in tmp_path.rglob("*") if path.is_file()] == []


def test_another_python_is_told(question: Question) -> None:
    problem = answer(replace(question, python="2.7")).problem
    assert "expected Python 2.7" in problem
    assert f"Python {sys.version_info[0]}.{sys.version_info[1]}" in problem


def test_another_version_of_any_package_is_told(question: Question) -> None:
    other = replace(question, requirements=b"pillow==0.1\n")
    assert "instead of 0.1" in answer(other).problem


@pytest.mark.parametrize(
    ("printed", "status", "problem"),
    [
        ('[["ok", "V100"], ["ok", "fp16"]]', 0, ""),
        ('[["problem", "V100: no kernels"], ["ok", "x"]]', 0, "V100: no kernels"),
        ("", 1, "the last line"),
    ],
)
def test_a_gpu_without_kernels_is_told(
    question: Question,
    monkeypatch: pytest.MonkeyPatch,
    printed: str,
    status: int,
    problem: str,
) -> None:
    monkeypatch.setattr(questions, "visible_gpus", lambda environment: ("0",))
    said = CompletedProcess([], status, f"a line\n{printed}\n", "\nthe last line\n")
    monkeypatch.setattr(questions.subprocess, "run", lambda *_, **__: said)
    assert answer(question).problem == problem
