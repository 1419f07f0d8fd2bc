"""Everything that can be wrong with params.yaml fails before any work, and says what to do."""

import copy
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from croquis.core import params
from croquis.augment.phases import Curriculum
from croquis.backbones import lineage
from croquis.check.combinations import check_regime
from croquis.check.dry_run import dry_run
from croquis.check.params_check import check
from croquis.core.errors import InputError
from croquis.costs import trial
from croquis.heads.training_records import write_weights
from croquis.recipes import probe_recipes, recipes

TREE = params.read(Path("params.yaml"))


def changed(dotted: str, value: object) -> dict:
    """The shipped params with one key set."""
    tree = copy.deepcopy(TREE)
    *sections, key = dotted.split(".")
    block = tree
    for section in sections:
        block = block[section]
    block[key] = value
    return tree


def test_the_shipped_params_make_sense() -> None:
    check(TREE)


@pytest.mark.parametrize(
    ("key", "value", "words"),
    [
        (
            "train.label_smothing",
            0.1,
            ("train.label_smothing", "did you mean 'label_smoothing'?"),
        ),
        ("trian", {}, ("trian", "did you mean 'train'?")),
        ("lr", "1e-4x", ("lr", "valid number", "'1e-4x'")),
        ("lr", 0.0, ("lr", "greater than 0")),
        ("seed", 1.5, ("seed", "valid integer", "1.5")),
        ("train.epochs", 0, ("train.epochs", "greater than or equal to 1")),
        (
            "train.optimizer",
            "adamv",
            ("optimizer", "a timm optimizer", "'adamv'", "adam"),
        ),
        ("train.augment", "flip", ("models.lite0_80.augment", "'flips'", "'flip'")),
        ("split.num_folds", 1, ("split.num_folds",)),
        ("run.folds", [0, 7], ("run.folds", "folds 0 to 4", "7")),
        ("run.folds", [0, 0], ("run.folds", "each once")),
        ("run.folds", [], ("run.folds",)),
        ("run.models", ["lite0_69"], ("run.models", "did you mean 'lite0_96'")),
        (
            "ensemble.members",
            ["resnet18_96"],
            ("ensemble.members", "members of run"),
        ),
        (
            "ensemble.members",
            ["resnet18_96.cycle1"],
            ("ensemble.members", "members of run"),
        ),
        (
            "ensemble.weights",
            {"lite0_80": 1.0},
            ("ensemble.weights", "a weight for each"),
        ),
        (
            "ensemble",
            {"members": "all", "vote": "hard", "weights": "greedy"},
            (
                "ensemble",
                "expected vote: soft beside weights: greedy",
                "or weights: uniform",
            ),
        ),
        (
            "models.lite0_80.image_size",
            128,
            ("lite0_80", "-S prepare.image_size=128"),
        ),
        (
            "models.lite0_96.backbone",
            "tf_eficientnet_lite0",
            ("did you mean 'tf_efficientnet_lite0",),
        ),
        (
            "models.lite0_96.backbone",
            "tf_efficientnet_lite0.in22k",
            ("tf_efficientnet_lite0.in1k",),
        ),
        (
            "models.resnet18_96.pretrained",
            "bundled",
            ("resnet18_96.pretrained", "lite0"),
        ),
        (
            "models.lite0_80.pretrained",
            "no/such.pth",
            ("a file of weights", "'no/such.pth'"),
        ),
        ("models.a.b", {}, ("models",)),
        (
            "families.vit.layer_decai",
            0.9,
            ("families.vit.layer_decai", "did you mean 'layer_decay'"),
        ),
        ("families.vit.drop_rate", 1.0, ("families.vit.drop_rate", "less than 1")),
        (
            "families.vit.like",
            "hierarchical",
            ("families.vit.like", "no family of a family"),
        ),
        ("families", {"Vit": {}}, ("families.Vit", "a key of a-z 0-9 _")),
        ("families", None, ("families", "named entries")),
        (
            "models.so400m.like",
            "vjt",
            ("models.so400m.like", "did you mean 'vit'?"),
        ),
        ("probe.head.epoch", 3, ("probe.head.epoch", "did you mean 'epochs'?")),
        (
            "probes.lite0_probe.like",
            "vit",
            ("probes.lite0_probe.like", "known key"),
        ),
        (
            "probes.lite0_probe.head.epochs",
            "ten",
            ("probes.lite0_probe.head.epochs", "'ten'"),
        ),
        ("dedup.policy", "drop", ("dedup.policy", "'group'", "'drop'")),
        ("prepare.fit", "crop", ("prepare.fit", "'pad'", "'crop'")),
        (
            "models.resnet18_96.backbone",
            ["resnet18", "resnot50"],
            ("did you mean 'resnet50'",),
        ),
        (
            "models.resnet18_96.backbone",
            ["resnet18"],
            ("resnet18_96.backbone", "at least 2"),
        ),
        (
            "models.stack_swin_beit.pretrained",
            "w.pth",
            ("true or false for 2 backbones",),
        ),
        (
            "probes.lite0_probe.embed.backbone",
            ["x", "resnet18"],
            ("lite0_probe.embed", "'x'"),
        ),
    ],
)
def test_a_mistake_is_named_with_what_was_expected(
    key: str, value: object, words: tuple
) -> None:
    tree = copy.deepcopy(TREE)
    if key == "models.a.b":
        tree["models"]["a.b"] = tree["models"]["lite0_96"]
    else:
        tree = changed(key, value)
    with pytest.raises(InputError) as caught:
        check(tree)
    for word in words:
        assert word in str(caught.value)


def running(key: str, tree: dict) -> dict:
    """The same, with that model of the catalogue in the run."""
    tree["run"]["models"], tree["prepare"]["image_size"] = [key], 448
    return tree


@pytest.mark.parametrize(
    ("key", "value", "words"),
    [
        (
            "models.eva02_large_lora.trainable",
            ["attn"],
            ("lora or trainable, received both",),
        ),
        (
            "models.stack_swin_beit.head_start",
            "imagenet",
            ("received 2 stacked backbones",),
        ),
        (
            "models.eva02_clip.head_start",
            "imagenet",
            ("1000 classes", "received one with 768"),
        ),
        (
            "models.resnet18_96.head_start",
            "imagenet",
            ("received pretrained: false",),
        ),
        (
            "models.deit3_large.trainable",
            ["attn", "(head"],
            ("a regular expression", "'(head'"),
        ),
    ],
)
def test_settings_that_do_not_go_together_are_named(
    key: str, value: object, words: tuple
) -> None:
    with pytest.raises(InputError) as caught:
        check(running(key.split(".")[1], changed(key, value)))
    for word in words:
        assert word in str(caught.value)


def test_a_change_of_train_need_not_suit_the_whole_catalogue() -> None:
    """Phases up to epoch 4 were refused for a model of 4 epochs that did not run."""
    tree = changed(
        "train.phases", [{"from_epoch": 4, "augment": "flips", "lr_factor": 0.5}]
    )
    check(running("lite0_96", tree))
    with pytest.raises(
        InputError, match=r"models\.lite0_80\.phases: expected .* below epochs"
    ):
        check(running("lite0_80", tree))


@pytest.mark.parametrize(
    ("key", "size", "words"),
    [
        ("lite0_96", 64, ()),
        (
            "lite0_96",
            512,
            ("models.lite0_96.image_size", "-S prepare.image_size=512"),
        ),
        (
            "beit_base",
            160,
            ("models.beit_base.phases: expected an image_size", "received 160"),
        ),
        ("lite01_96", 64, ("models.lite01_96.phases", "a stack scales images")),
    ],
)
def test_a_phase_has_a_size_that_is_stored_and_that_the_network_takes(
    key: str, size: int, words: tuple
) -> None:
    phase = {
        "from_epoch": 1,
        "augment": "flips",
        "lr_factor": 1.0,
        "image_size": size,
    }
    tree = running(key, changed(f"models.{key}.phases", [phase]))
    if not words:
        return check(tree)
    with pytest.raises(InputError) as caught:
        check(tree)
    assert all(word in str(caught.value) for word in words)


def test_a_size_that_a_model_of_the_run_cannot_take_is_told_before_the_download() -> (
    None
):
    tree = running("coatnet", changed("models.coatnet.image_size", 380))
    with pytest.raises(
        InputError, match=r"models\.coatnet\.image_size: .* received 380 .*say 384"
    ):
        check(tree)


def test_probes_are_rehearsed_too() -> None:
    embed = {"backbone": TREE["models"]["coatnet"]["backbone"], "pretrained": True}
    embed |= {"image_size": 380, "views": ["identity"]}
    tree = changed("probes.so400m_linear.embed", embed)
    tree["run"] = {"models": [], "probes": ["so400m_linear"], "folds": [0]}
    tree["prepare"]["image_size"] = 380
    words = r"probes\.so400m_linear\.embed\.image_size: .* received 380 .*say 384"
    with pytest.raises(InputError, match=words):
        check(tree)


@pytest.fixture
def weights(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A project's folder with weights w/fold0 and w/fold1 of this very data, and its index."""
    monkeypatch.setenv("DVC_ROOT", str(tmp_path))
    index = pd.DataFrame({"id": list("abcd"), "split": "train", "class_name": "x"})
    index = index.assign(
        label=0, width=8, height=8, digest=[f"{row + 10:032x}" for row in range(4)]
    )
    index["sha256"] = [f"{row:064x}" for row in range(4)]
    (tmp_path / "data" / "images").mkdir(parents=True)
    index.to_csv(tmp_path / "data" / "images" / "index.csv", index=False)
    options = {"settings": {}, "data": "", "index": index, "parents": []}
    for fold, ids in enumerate((["c", "d"], ["a", "b"])):
        own = lineage.lineage_metadata(
            "older", fold, train=np.array(ids), **options
        )
        write_weights(tmp_path / "w" / f"fold{fold}.safetensors", {}, own)
    return tmp_path


def refusal(tree: dict) -> str:
    with pytest.raises(InputError) as caught:
        check(tree)
    return str(caught.value)


def test_weights_of_this_data_are_bound_to_their_fold_before_any_work(
    weights: Path,
) -> None:
    tree = changed("models.lite0_80.pretrained", "w/fold1.safetensors")
    tree["run"] = {"models": ["lite0_80"], "probes": [], "folds": [0, 1]}
    text = refusal(tree)
    assert text.startswith(
        "models.lite0_80.pretrained: w/fold1.safetensors: expected weights that"
    )
    assert "trained on 2 of the 4 training images, for folds 0, 1" in text
    assert text.endswith("name the weights of each fold: w/fold{fold}.safetensors")
    tree["models"]["lite0_80"]["pretrained"] = "w/fold{fold}.safetensors"
    check(tree)
    tree["run"]["folds"] = [0, 1, 2]
    assert "received 'w/fold2.safetensors'; correct the path" in refusal(tree)


def test_weights_that_a_run_writes_are_no_beginning(weights: Path) -> None:
    """The next run of that member would replace them, and nobody would train again."""
    place = Path("data/checkpoints/lite0_64/fold0.safetensors")
    (weights / place).parent.mkdir(parents=True)
    (weights / "w/fold0.safetensors").rename(weights / place)
    tree = changed("models.lite0_80.pretrained", place.as_posix())
    assert "expected weights that no run writes anew, received" in refusal(tree)


def test_a_probe_is_bound_to_no_fold(weights: Path) -> None:
    tree = changed(
        "probes.lite0_probe.embed.pretrained", "w/fold{fold}.safetensors"
    )
    tree["run"] = {"models": [], "probes": ["lite0_probe"], "folds": [0, 1]}
    assert (
        "expected one file for all folds, as features are computed once"
        in refusal(tree)
    )
    tree["probes"]["lite0_probe"]["embed"]["pretrained"] = "w/fold1.safetensors"
    assert "trained on 2 of 4; a probe's features are computed once" in refusal(
        tree
    )


def test_a_stack_has_weights_for_each_of_its_networks(weights: Path) -> None:
    own = ["w/fold{fold}.safetensors", "bundled"]
    tree = changed("models.lite01_96.pretrained", own)
    tree["run"] = {"models": ["lite01_96"], "probes": [], "folds": [0, 1]}
    check(tree)
    tree["models"]["lite01_96"]["pretrained"] = [*own, True]
    assert "expected true or false for 2 backbones, or a list of 2" in refusal(tree)
    tree["models"]["lite01_96"]["pretrained"] = ["w/fold0.safetensors", "bundled"]
    assert "w/fold0.safetensors: expected weights that never saw" in refusal(tree)


def test_members_that_differ_in_numbers_alone_are_rehearsed_once(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    tried: list[str] = []
    monkeypatch.setattr(
        trial, "try_model", lambda recipe, _: tried.append(recipe.backbone)
    )
    monkeypatch.setattr(
        trial, "try_probe", lambda recipe, _: tried.append(recipe.embed.backbone)
    )
    own = recipes.resolve_model(TREE, "lite0_96")
    others = {
        "epochs": 3,
        "lr_mult": 0.1,
        "pretrained": False,
        "tta": ["identity", "flip_lr"],
    }
    models = {"a": own, "b": own.model_copy(update=others)}
    models["c"] = own.model_copy(update={"image_size": 64})
    probe = probe_recipes.resolve_probe(TREE, "lite0_probe")
    dry_run(models, {"d": probe, "e": probe})
    assert tried == [own.backbone] * 3


def test_what_cannot_be_tried_is_a_warning(monkeypatch: pytest.MonkeyPatch) -> None:
    def unanswered(*_: object) -> None:
        raise trial.Unanswered("RuntimeError: item() of a meta tensor")

    monkeypatch.setattr(trial, "try_model", unanswered)
    with pytest.warns(
        UserWarning, match=r"models\.a cannot be tried before .*: RuntimeError"
    ):
        dry_run({"a": recipes.resolve_model(TREE, "lite0_96")}, {})


@pytest.mark.parametrize("key", TREE["models"])
def test_every_model_of_the_catalogue_goes_together(key: str) -> None:
    recipe = recipes.resolve_model(TREE, key)
    check_regime(f"models.{key}", recipe)
    Curriculum(recipe, seed=0)


def test_snapshots_vote_where_the_schedule_has_as_many_cycles() -> None:
    tree = changed("ensemble.members", ["lite0_80", "lite0_80.cycle1"])
    with pytest.raises(InputError, match=r"a snapshot of lite0_80 \(it has none\)"):
        check(tree)
    cycling = {
        "schedule": "restarts",
        "cycle_epochs": 2,
        "epochs": 6,
        "warmup_epochs": 0,
    }
    tree["models"]["lite0_80"] |= cycling
    check(tree)
    tree["ensemble"]["members"] = [
        "lite0_80.cycle3"
    ]  # the third end is that of the training
    with pytest.raises(
        InputError, match=r"\(lite0_80\.cycle1, lite0_80\.cycle2\), rec"
    ):
        check(tree)
    for other in (
        "lite0_80.cycle0",
        "lite0_80.best",
        "lite0_64.cycle1",
        "lite0_probe.cycle1",
    ):
        tree["ensemble"]["members"] = [other]
        with pytest.raises(
            InputError, match=f"a snapshot of .*, received '{other}'"
        ):
            check(tree)


def test_rows_of_imagenets_head_are_no_mlp() -> None:
    head = {"hidden": [64], "act": "relu", "norm": "none", "dropout": 0.0}
    tree = changed("models.eva_giant", TREE["models"]["eva_giant"] | {"head": head})
    check(running("eva_giant", tree))
    tree["models"]["eva_giant"]["head_start"] = "imagenet"
    with pytest.raises(
        InputError, match=r"models\.eva_giant: expected a linear head, .*\[64\]"
    ):
        check(tree)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (
            {"trainable": ["atn"]},
            r"lite0_80\.trainable: expected names of parameters, .*'atn'",
        ),
        (
            {"lora": {"rank": 2, "alpha": 2.0, "dropout": 0.0, "targets": "attn"}},
            r"lite0_80\.lora\.targets: expected whole names .*'attn', which matches none",
        ),
    ],
)
def test_a_pattern_that_fits_nothing_is_named_before_any_work(
    change: dict, message: str
) -> None:
    tree = changed("models.lite0_80", TREE["models"]["lite0_80"] | change)
    with pytest.raises(InputError, match=message):
        check(tree)
    tree["run"]["models"] = ["lite0_64"]
    check(tree)  # a catalogue may wait for better days


@pytest.mark.parametrize(
    "name", ["adam", "adamw", "lookahead_adamw", "lookahead_radam", "radam", "sgd"]
)
def test_the_optimizers_that_the_docs_name_are_taken(name: str) -> None:
    """`lookahead_adamw` was refused, as timm lists no name with that prefix."""
    check(changed("train.optimizer", name))


def test_an_optimizer_that_cannot_take_a_step_here_is_named() -> None:
    """It needs gradients of gradients, and failed after the data was ready."""
    with pytest.raises(
        InputError, match=r"lite0_80\.optimizer: expected .*, received 'adahessian'"
    ):
        check(changed("train.optimizer", "adahessian"))


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (
            {"schedule": "step"},
            "a cycle_factor below 1 for step, received 1, which changes",
        ),
        ({"schedule": "plateau"}, "a cycle_factor below 1 for plateau"),
        (
            {"schedule": "step", "cycle_factor": 0.1},
            "a step before the end, 3.5 epochs after the warm-up, received cycle_epochs: 10",
        ),
        (
            {"schedule": "restarts", "cycle_epochs": 3},
            "received 1.17 cycles of 3 in 3.5 epochs",
        ),
        ({"schedule": "restarts", "cycle_epochs": 1}, "say cycle_epochs: 0.875"),
        (
            {"schedule": "cyclic", "cycle_epochs": 3},
            "received 1.33 cycles of 3 in 4 epochs",
        ),
        (
            {
                "mix": {
                    "prob": 1.0,
                    "mixup": 1.0,
                    "cutmix": 0.0,
                    "clip": None,
                    "off_last_epochs": 4,
                }
            },
            "fewer plain epochs than epochs (4), received off_last_epochs: 4",
        ),
    ],
)
def test_a_schedule_that_never_acts_or_ends_at_its_peak_is_refused(
    change: dict, words: str
) -> None:
    """`-S train.schedule=step` alone changed nothing; restarts were scored just after one."""
    with pytest.raises(InputError) as caught:
        check(changed("models.lite0_80", TREE["models"]["lite0_80"] | change))
    assert words in str(caught.value)


def test_a_probes_head_is_checked_as_a_model_is() -> None:
    head = TREE["probes"]["lite0_probe"]["head"]
    for change, words in (
        (
            {"schedule": "step"},
            r"lite0_probe\.head\.schedule: expected a cycle_factor below 1",
        ),
        (
            {"optimizer": "adamv"},
            r"lite0_probe\.head\.optimizer: expected a timm optimizer",
        ),
        (
            {"optimizer": "adahessian"},
            r"lite0_probe\.head\.optimizer: expected an optimizer that",
        ),
    ):
        with pytest.raises(InputError, match=words):
            check(changed("probes.lite0_probe.head", head | change))
    step = {
        "schedule": "step",
        "cycle_epochs": 10,
        "cycle_factor": 0.1,
        "optimizer": "adam",
    }
    check(changed("probes.lite0_probe.head", head | step))


@pytest.mark.parametrize(
    "change",
    [
        {"schedule": "restarts"},  # one cosine as long as the training
        {"schedule": "cyclic"},  # one triangle as long
        {"schedule": "restarts", "cycle_epochs": 1.75},
        {"schedule": "restarts", "cycle_epochs": 0.875},
        {
            "schedule": "restarts",
            "cycle_epochs": 1.1667,
        },  # as advised: a third, rounded up
        {"schedule": "cyclic", "cycle_epochs": 2},
        {"schedule": "step", "cycle_epochs": 1, "cycle_factor": 0.1},
        {"schedule": "plateau", "cycle_epochs": 1, "cycle_factor": 0.1},
    ],
)
def test_schedules_of_whole_cycles_are_taken(change: dict) -> None:
    check(changed("models.lite0_80", TREE["models"]["lite0_80"] | change))


@pytest.mark.parametrize(
    "key", ["seed", "lr", "run", "train", "models", "ensemble"]
)
def test_a_missing_section_is_named(key: str) -> None:
    tree = {name: part for name, part in TREE.items() if name != key}
    with pytest.raises(InputError, match=key):
        check(tree)


@pytest.mark.parametrize("section", ["models", "probes"])
def test_keys_that_dvcs_run_cache_does_not_see_are_refused(section: str) -> None:
    """With `ensemble.weights: {size: 2.0}` for 1.0, the votes of the old weights came back."""
    tree = copy.deepcopy(TREE)
    tree[section]["size"] = next(iter(tree[section].values()))
    with pytest.raises(
        InputError, match=f"{section}: expected keys that DVC's .*received 'size'"
    ):
        check(tree)


def test_a_member_may_be_model_or_probe_but_not_both() -> None:
    with pytest.raises(InputError, match="no model has"):
        check(changed("probes.lite0_96", TREE["probes"]["lite0_probe"]))


def test_a_run_without_members_is_refused() -> None:
    tree = changed("run.models", [])
    tree["run"]["probes"] = []
    with pytest.raises(InputError, match="at least one member"):
        check(tree)


def test_an_unused_model_may_be_larger_than_the_stored_images() -> None:
    check(changed("models.resnet18_96.image_size", 224))


@pytest.mark.parametrize(
    ("key", "value"), [("vote.folds", "hard"), ("ensemble.vote", "hard")]
)
def test_hard_votes_are_refused_beside_the_log_loss(key: str, value: str) -> None:
    tree = changed("metric", "log_loss")
    section, name = key.split(".")
    tree[section] = tree[section] | {name: value}
    with pytest.raises(InputError) as caught:
        check(tree)
    assert str(caught.value) == (
        f"{key}: expected soft beside metric: log_loss, received 'hard';"
        f" set {key}: soft, or another metric"
    )


def test_a_metric_that_does_not_exist_is_named_with_those_that_do() -> None:
    with pytest.raises(InputError, match="metric: expected 'accuracy', 'log_loss'"):
        check(changed("metric", "logloss"))
