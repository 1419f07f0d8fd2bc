"""`-S` lines of yesterday work today: on DVC itself, in a small repository."""

import shutil
import sys
from pathlib import Path

import pytest
from dvc.exceptions import DvcException

from croquis.core import params
from croquis.set_params import translation
from croquis.set_params.translation import translate, translate_arguments
from support.standing_files import commit, environment, make_repository, run

TREE = params.read(Path("params.yaml"))
GUARDED = (sys.executable, "-m", "croquis.commands.guarded_dvc")


@pytest.mark.parametrize(
    ("override", "translated"),
    [
        ("models.eva02_large.epochs=5", "++models.eva02_large.epochs=5"),
        ("models.eva02_large.epochs=5,10", "++models.eva02_large.epochs=5,10"),
        (
            "params.yaml:models.so400m.epochs=5",
            "params.yaml:++models.so400m.epochs=5",
        ),
        ("models.so400m.head.hidden=[8]", "++models.so400m.head.hidden=[8]"),
        ("models.resnet18.like=vit", "++models.resnet18.like=vit"),
        (
            "probes.eva02_large_linear.head.epochs=5",
            "++probes.eva02_large_linear.head.epochs=5",
        ),
        (
            "probes.lite0_probe.head.shape.hidden=[8]",
            "++probes.lite0_probe.head.shape.hidden=[8]",
        ),
        ("families.vit.epochs=5", "++families.vit.epochs=5"),
    ],
)
def test_a_key_that_an_entry_leaves_to_its_defaults_is_added(
    override: str, translated: str
) -> None:
    assert translate(override, TREE) == (translated, "")


@pytest.mark.parametrize(
    "override",
    [
        "models.lite0_80.epochs=5",  # stands there
        "models.lite0_80.epoch=5",  # is no key
        "models.nobody.epochs=5",
        "models.so400m.mix.prob=1.0",  # half a mix would be none
        "train.epochs=5",
        "train.epoch=5",
        "probes.lite0_probe.head.epochs=5",
        "++models.so400m.epochs=5",
        "+models.so400m.epochs=5",
        "~models.so400m.micro_batch",
        "other.yaml:models.so400m.epochs=5",
        "models.so400m",
        "models.so400m=5",
        "lr=1",
    ],
)
def test_what_dvc_can_set_or_should_refuse_stays_as_it_is(override: str) -> None:
    assert translate(override, TREE) == (override, "")


def test_a_key_that_was_renamed_is_translated_and_said() -> None:
    note = "dedup.variants_per_picture is called dedup.variants_per_image now"
    for plus in ("", "+", "++"):
        found = translate(f"{plus}dedup.variants_per_picture=5", TREE)
        assert found == (f"{plus}dedup.variants_per_image=5", note)


@pytest.mark.parametrize(
    "option",
    ["-S {}", "-S{}", "-qS {}", "--set-param {}", "--set-param={}", "--set={}"],
)
def test_an_override_is_found_however_it_is_given(option: str) -> None:
    old = "models.so400m.epochs=5"
    arguments = f"exp run {option.format(old)} -n epochs".split()
    found, notes = translate_arguments(arguments, [old], TREE)
    assert found == f"exp run {option.format('++' + old)} -n epochs".split()
    assert notes == []


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The whole params.yaml with the pipeline of a few echos; one small member runs."""
    folder = make_repository(tmp_path_factory.mktemp("overrides") / "project")
    shutil.copy("params.yaml", folder)
    text = (folder / "params.yaml").read_text(encoding="utf-8")
    text = text.replace("  - lite0_80\n  - lite0_64\n", "  - resnet18_96\n")
    (folder / "params.yaml").write_text(
        text.replace("  probes:\n  - lite0_probe\n", "  probes: []\n")
    )
    pipeline = (folder / "dvc.yaml").read_text()
    (folder / "dvc.yaml").write_text(
        pipeline.replace("    deps: [data/raw]\n    outs: [", PARAMS_OF_TRAIN)
    )
    commit(folder)
    return folder


PARAMS_OF_TRAIN = (
    "    params: [train, families, 'models.${item.model}']\n"
    "    deps: [data/raw]\n    outs: ["
)


def changed_lines(folder: Path) -> list[str]:
    """What `git diff` shows of params.yaml, without the lines around it."""
    diff = run(folder, "git", "diff", "-U0", "HEAD", "--", "params.yaml")
    return [line for line in diff.splitlines()[4:] if not line.startswith("@@")]


@pytest.mark.slow
def test_an_experiment_sets_keys_that_entries_lost_and_shows_its_change_alone(
    project: Path,
) -> None:
    printed = run(
        project,
        *GUARDED,
        *("exp", "run", "-S", "models.resnet18_96.label_smoothing=0.2"),
        *("-S", "dedup.variants_per_picture=5", "-S", "run.folds=[0]"),
        *(
            "-S",
            "train.head.dropout=0.5",
            "-S",
            "models.so400m.tta=['identity','rot90']",
        ),
    )
    assert (
        "dedup.variants_per_picture is called dedup.variants_per_image now"
        in printed
    )
    assert changed_lines(project) == [
        *("-  - 1", "-  - 2", "-  - 3", "-  - 4"),
        *("-  variants_per_image: 20", "+  variants_per_image: 5"),
        "-  head: {hidden: [], act: relu, norm: none, dropout: 0.0}",
        "+  head: {hidden: [], act: relu, norm: none, dropout: 0.5}",
        "+    label_smoothing: 0.2",
        *("+    tta:", "+    - identity", "+    - rot90"),
    ]
    shown = run(
        project, *GUARDED, "params", "diff", "--targets", "params.yaml", "--json"
    )
    assert (
        '"models.resnet18_96.label_smoothing": {"old": null, "new": 0.2}' in shown
    )
    run(project, "git", "checkout", "-q", "HEAD", "--", "params.yaml")


def test_what_is_queued_is_translated_too(project: Path) -> None:
    """A sweep is several experiments; each has its own value where the entry had none."""
    mix = "models.resnet18_96.mix={prob: 1.0, mixup: 1.0, cutmix: 0.0}"
    run(project, *GUARDED, "exp", "run", "--queue", "-S", mix, "-n", "mixed")
    run(
        project,
        *GUARDED,
        *("exp", "run", "--queue", "-S", "models.resnet18_96.augment=none,flips"),
    )
    run(project, *GUARDED, "exp", "run", "--queue", "-S", "train.epochs=1,2")
    assert changed_lines(project) == []
    stashes = run(
        project, "git", "log", "-g", "--format=%H", "refs/exps/celery/stash"
    )
    queued = [
        run(project, "git", "diff", "HEAD", stash, "--", "params.yaml")
        for stash in stashes.split()
    ]
    added = [
        [line for line in diff.splitlines() if line.startswith(("+ ", "- "))]
        for diff in queued
    ]
    assert sorted(added) == [
        ["+    augment: flips"],
        ["+    augment: none"],
        [
            "+    mix:",
            "+      prob: 1.0",
            "+      mixup: 1.0",
            "+      cutmix: 0.0",
        ],
        ["-  epochs: 10", "+  epochs: 1"],
        ["-  epochs: 10", "+  epochs: 2"],
    ]


def test_a_misspelt_key_is_for_dvc_to_refuse(
    project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in environment(project).items():
        monkeypatch.setenv(name, value)
    override = "models.resnet18_96.epoch=3"
    printed = run(
        project, *GUARDED, "exp", "run", "--queue", "-S", override, fails=True
    )
    assert "Invalid `--set-param` value" in printed
    assert changed_lines(project) == []


@pytest.mark.parametrize(
    "value",
    ["9" * 5000, "[" * 3000 + "]" * 3000, "{a: " * 300 + "1" + "}" * 300],
    ids=["digits", "lists", "mappings"],
)
def test_a_value_that_no_parser_takes_is_named_and_nothing_changes(
    tmp_path: Path, value: str
) -> None:
    path = tmp_path / "params.yaml"
    path.write_text("seed: 42\nlr: 1.0\n")
    with pytest.raises(
        DvcException, match=r"^-S seed: expected a value that"
    ) as caught:
        translation.apply_overrides(path, ["lr=2.0", f"seed={value}"])
    assert len(str(caught.value)) < 300
    assert path.read_text() == "seed: 42\nlr: 1.0\n"
