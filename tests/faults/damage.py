"""Damaged files: each is refused with one line that names it, or made anew to the same bits."""

import random
import shutil
from collections.abc import Callable
from pathlib import Path

from faults.disks import TRACEBACK
from faults.kills import last_words
from faults.outcomes import Outcome
from faults.stale import command_of, inputs_of, make_stale
from faults.tiny_run import REPRO, STAGES, WITHOUT_RUN, Reference, TinyRun

# What else runs rest on, each with the stage that is to run then.
STATES = {
    "dvc.lock": "vote",
    ".dvc/tmp/rwlock": "vote",
    ".resume/checked": "vote",
    ".resume/made": "vote",
    ".resume/read": "vote",
    ".resume/embed": "embed",
    "mlflow.db": "train",
}
STORE = "mlflow.db"
MOVE_AWAY = "mlflow.db is no file; move it away"
CUT = "a file cut off"


def _flip(path: Path, rng: random.Random) -> None:
    content = bytearray(path.read_bytes())
    if content:
        content[rng.randrange(len(content))] ^= 1 << rng.randrange(8)
    _replace(path, bytes(content))


def _cut(path: Path, rng: random.Random) -> None:
    content = path.read_bytes()
    _replace(path, content[: rng.randrange(max(1, len(content)))])


def _cut_so_that_it_shows(path: Path, rng: random.Random) -> None:
    """Within a line of a table: whole rows that are missing at its end, hashes alone can tell."""
    if path.suffix != ".csv":
        _cut(path, rng)
        return
    content = path.read_bytes()
    places = [place for place in range(1, len(content)) if content[place - 1] != 10]
    _replace(path, content[: rng.choice(places)])


def _empty(path: Path, rng: random.Random) -> None:
    _replace(path, b"")


def _folder(path: Path, rng: random.Random) -> None:
    path.unlink()
    path.mkdir()


DAMAGES: dict[str, Callable[[Path, random.Random], None]] = {
    "a flipped bit": _flip,
    CUT: _cut,
    "an empty file": _empty,
    "a folder in a file's place": _folder,
}


def damage_before_runs(
    finished: TinyRun,
    reference: Reference,
    folder: Path,
    seed: int,
    tell: Callable[[str], None],
) -> list[Outcome]:
    """Damages what `make repro` rests on, a file at a time, in a finished run."""
    rng = random.Random(seed)
    cases = [
        (stage, path) for stage in STAGES[1:] for path in _outputs(finished, stage)
    ]
    cases += [(stage, Path(name)) for name, stage in STATES.items()]
    outcomes = []
    for number, (stage, path) in enumerate(cases):
        kind = list(DAMAGES)[(number + seed) % len(DAMAGES)]
        run = finished.copied(folder)
        if str(path) in STATES:
            make_stale(run, stage, rng)
        target = _file_of(run.folder / path, rng)
        DAMAGES[kind](target, rng)
        wrong = _judge_run(run, target, reference, is_store=path.name == STORE)
        place = path.as_posix()
        outcomes.append(Outcome(f"{kind}, before `make repro`", place, wrong))
        tell(str(outcomes[-1]))
        shutil.rmtree(run.folder)
    return outcomes


def damage_before_stages(
    finished: TinyRun,
    reference: Reference,
    folder: Path,
    seed: int,
    tell: Callable[[str], None],
) -> list[Outcome]:
    """Damages what each stage reads, and runs the stage without DVC, which would see it first."""
    rng = random.Random(seed)
    # Without hashes, nobody can see a flipped bit.
    damages = dict(list(DAMAGES.items())[1:]) | {CUT: _cut_so_that_it_shows}
    kinds = list(damages)
    outcomes = []
    for stage in STAGES[1:]:
        for path in inputs_of(finished, stage, rng):
            kind = kinds[(len(outcomes) + seed) % len(kinds)]
            run = finished.copied(folder)
            damages[kind](run.folder / path, rng)
            status, words = run.call(command_of(run, stage))
            wrong = _refused_well(words, path) if status else ""
            if not status and not _is_left_out(words, path):
                wrong = "; ".join(_changed(run, path, reference))
            outcomes.append(Outcome(f"{kind}, before a stage", stage, wrong))
            tell(str(outcomes[-1]))
            shutil.rmtree(run.folder)
    return outcomes


def _is_left_out(words: str, path: Path) -> bool:
    """Whether `prepare` says that it left an image out, as it does with what nobody can read."""
    raw = Path("data/raw")
    if not path.is_relative_to(raw) or path.suffix == ".csv":
        return False
    name = path.relative_to(raw).as_posix()
    lines = [line for line in words.splitlines() if "left out" in line]
    return any(name in line for line in lines)


def _outputs(run: TinyRun, stage: str) -> list[Path]:
    from croquis.core import pipeline

    lock = pipeline.read_lock(run.folder / "dvc.lock")
    name = next(name for name in lock if name.partition("@")[0] == stage)
    return [Path(out["path"]) for out in lock[name]["outs"]]


def _file_of(place: Path, rng: random.Random) -> Path:
    files = sorted(path for path in place.rglob("*") if path.is_file())
    if not files and not place.exists():
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_text("{}")
    return rng.choice(files) if files else place


def _judge_run(
    run: TinyRun, target: Path, reference: Reference, *, is_store: bool
) -> str:
    """What was wrong about `make repro` after a damage."""
    status, words = run.call(REPRO)
    path = target.relative_to(run.folder)
    if status:
        return _refused_well(words, path)
    if TRACEBACK in words:
        return f"{path}: a traceback"
    # What a damaged store had is lost; the training is noted in a new one.
    wrong = run.differences(reference, tracked=not is_store)
    if (
        is_store and target.is_dir()
    ):  # nobody's to remove: the run goes on without it
        wrong = [each for each in wrong if each != WITHOUT_RUN]
        if MOVE_AWAY not in words:
            wrong.append("nobody says to move it away")
    return "; ".join(wrong and [f"{path} damaged", *wrong])


def _refused_well(words: str, path: Path) -> str:
    errors = [
        line for line in words.splitlines() if line.lower().startswith("error")
    ]
    if TRACEBACK in words:
        return f"{path}: a traceback: {last_words(words)}"
    if not any(_names(line, path) for line in errors):
        return f"{path}: is not named: {last_words(words)}"
    return ""


def _names(line: str, path: Path) -> bool:
    """Whether an error is about a file, or the folder that it lies in."""
    deep = len(path.parts) > 3  # in a folder that is an output, as of one fold
    return path.name in line or (deep and str(path.parent) in line)


def _changed(run: TinyRun, path: Path, reference: Reference) -> list[str]:
    results = run.results(damaged=path)
    return [
        f"{path} damaged, and {name} differs"
        for name, value in results.items()
        if value != reference.results.get(name)
    ]


def _replace(path: Path, content: bytes) -> None:
    """Not in place: outputs are links to DVC's cache, which `croquis verify` is for."""
    path.unlink()
    path.write_bytes(content)
