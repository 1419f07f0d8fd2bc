"""params.yaml is read strictly: every slip is an error that names the key and the fix."""

from pathlib import Path
from typing import Annotated, Literal

import pytest
from pydantic import Field
from ruamel.yaml import YAML, main

from croquis.core import params
from croquis.core.errors import InputError


class Inner(params.Section):
    backbone: str
    size: Annotated[int, Field(ge=8)]


class Outer(params.Section):
    epochs: Annotated[int, Field(ge=1)]
    lr: float
    members: Literal["all"] | Annotated[list[str], Field(min_length=1)]
    pretrained: bool | str
    embed: Inner


GOOD = {
    "epochs": 3,
    "lr": 0.1,
    "members": "all",
    "pretrained": True,
    "embed": {"backbone": "resnet18", "size": 96},
}


def written(tmp_path: Path, text: str) -> Path:
    path = tmp_path / "params.yaml"
    path.write_text(text, encoding="utf-8")
    return path


def complaint(content: object) -> str:
    with pytest.raises(InputError) as caught:
        params.validated(Outer, content, where="train")
    return str(caught.value)


def test_the_exponent_that_dvc_writes_is_a_float(tmp_path: Path) -> None:
    path = written(tmp_path, "lr: 1e-05\n")
    assert params.value("lr", float, path) == 0.00001


def test_a_tree_that_was_changed_or_a_file_that_was_edited_is_read_anew(
    tmp_path: Path,
) -> None:
    """The text is parsed once in a process, as that takes 50 ms."""
    path = written(tmp_path, "train: {epochs: 1}\n")
    params.read(path)["train"]["epochs"] = 2
    assert params.read(path) == {"train": {"epochs": 1}}
    written(tmp_path, "train: {epochs: 3}\n")
    assert params.read(path) == {"train": {"epochs": 3}}


def test_dvc_parses_params_yaml_in_c_and_finds_what_we_find() -> None:
    """In Python it takes four times as long, a hundred times a run: 5 s of `dvc repro`."""
    parser = YAML(typ="safe")  # as DVC makes it
    assert parser.Parser is main.CParser
    text = Path("params.yaml").read_text(encoding="utf-8")
    assert repr(parser.load(text)) == repr(params.read())


def test_a_section_is_loaded_and_cannot_be_changed(tmp_path: Path) -> None:
    path = written(tmp_path, "embed: {backbone: resnet18, size: 96}\n")
    section = params.load(Inner, "embed", path)
    assert section == Inner(backbone="resnet18", size=96)
    with pytest.raises(ValueError, match="frozen"):
        section.size = 64


def test_an_int_is_a_float_too() -> None:
    assert params.validated(Outer, GOOD | {"lr": 1}, where="train").lr == 1.0


def test_keys_given_twice_are_refused(tmp_path: Path) -> None:
    path = written(tmp_path, "lr: 1e-05\nlr: 3\n")
    with pytest.raises(
        InputError, match=r'params\.yaml: expected valid YAML.*key "lr".*correct'
    ) as e:
        params.read(path)
    # The parser's own advice is to switch the check off.
    assert "suppress" not in str(e.value)


@pytest.mark.parametrize("content", [b"run: [a\n", b"lr: \xff\xfe\n"])
def test_what_is_no_yaml_is_an_input_error(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "params.yaml").write_bytes(content)
    with pytest.raises(
        InputError,
        match=r"params\.yaml: expected valid YAML.*, received .*; (correct|save it as UTF-8)",
    ):
        params.read(tmp_path / "params.yaml")


@pytest.mark.parametrize(("text", "kind"), [("- a\n", "list"), ("", "NoneType")])
def test_a_file_without_sections_is_refused(
    tmp_path: Path, text: str, kind: str
) -> None:
    with pytest.raises(
        InputError, match=f"expected sections, received {kind}; start from"
    ):
        params.read(written(tmp_path, text))


def test_a_missing_section_names_the_others(tmp_path: Path) -> None:
    path = written(tmp_path, "seed: 1\nlr: 2\n")
    with pytest.raises(
        InputError, match=r"train: expected this key.*only seed, lr; add it"
    ):
        params.load(Inner, "train", path)


def test_a_missing_key_is_named() -> None:
    without = {key: value for key, value in GOOD.items() if key != "epochs"}
    assert complaint(without) == (
        "train.epochs: expected a value, received nothing; add this key to params.yaml"
    )


def test_a_misspelt_key_is_told_before_the_one_it_leaves_out() -> None:
    misspelt = {key: value for key, value in GOOD.items() if key != "epochs"} | {
        "epoch": 3
    }
    assert complaint(misspelt) == (
        "train.epoch: expected a known key, received 'epoch'; did you mean 'epochs'?"
    )


def test_a_misspelt_key_inside_a_block_hints_at_the_keys_of_that_block() -> None:
    embed = GOOD["embed"] | {"bakbone": "resnet18"}
    assert complaint(GOOD | {"embed": embed}).endswith(
        "'bakbone'; did you mean 'backbone'?"
    )


@pytest.mark.parametrize("epochs", ["3", 3.0, True, None, [3]])
def test_other_types_are_never_converted(epochs: object) -> None:
    text = complaint(GOOD | {"epochs": epochs})
    assert text.startswith("train.epochs: expected a valid integer, received ")
    assert text.endswith(f"{epochs!r}; correct it in params.yaml or with -S")


def test_an_impossible_number_says_what_is_possible() -> None:
    assert (
        "train.epochs: expected greater than or equal to 1, received 0"
        in complaint(GOOD | {"epochs": 0})
    )


def test_of_several_wrong_keys_the_first_one_is_named_not_the_deepest() -> None:
    embed = GOOD["embed"] | {"size": 7}
    text = complaint(GOOD | {"epochs": 0, "embed": embed})
    assert text.startswith("train.epochs: expected greater than or equal to 1, ")


@pytest.mark.parametrize("lr", [float("nan"), float("inf")])
def test_numbers_are_finite(lr: float) -> None:
    assert "train.lr: expected a finite number" in complaint(GOOD | {"lr": lr})


def test_a_key_of_several_types_is_named_as_it_stands_and_all_of_them_are_listed() -> (
    None
):
    text = complaint(GOOD | {"pretrained": 3})
    assert text.startswith(
        "train.pretrained: expected a valid boolean or a valid string, "
    )
    assert "train.members: expected 'all' or a valid list, received 3" in complaint(
        GOOD | {"members": 3}
    )
    assert "train.members.1: expected a valid string, received 2" in complaint(
        GOOD | {"members": ["a", 2, 3]}
    )


def test_a_block_that_is_none_is_named() -> None:
    assert complaint(GOOD | {"embed": None}).startswith("train.embed: expected ")
    assert complaint(None).startswith("train: expected ")


def test_one_value_is_checked_like_a_section() -> None:
    with pytest.raises(
        InputError, match="seed: expected a valid integer, received 'x'; correct it"
    ):
        params.validated_value(int, "x", where="seed")
    assert params.validated_value(float, 1, where="lr") == 1.0


def test_nearest_lists_the_known_names_where_none_is_near() -> None:
    assert params.nearest("eva2", ["eva02", "swin"]) == "did you mean 'eva02'?"
    assert params.nearest("zzz", ["b", "a"]) == "known: b, a"
    assert params.nearest("zzz", list("abcdefghijklmnop")).endswith("k, l, ...")


def test_the_params_of_the_repository_read() -> None:
    tree = params.read(Path(__file__).parents[2] / "params.yaml")
    assert isinstance(tree["lr"], float) and isinstance(tree["seed"], int)
