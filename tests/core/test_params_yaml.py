"""params.yaml with what no person means: one line that names the file, and no hour of parsing."""

import os
from pathlib import Path

import pytest

from croquis.core import params
from croquis.core.errors import InputError

LAUGHS = "a0: &a0 [x, x, x, x, x, x, x, x, x]\n" + "".join(
    f"a{at}: &a{at} [{', '.join([f'*a{at - 1}'] * 9)}]\n" for at in range(1, 12)
)
MERGES = "a0: &a0 {k: 1}\n" + "".join(
    f"a{at}: &a{at}\n  <<: [{', '.join([f'*a{at - 1}'] * 9)}]\n  k{at}: 1\n"
    for at in range(1, 9)
)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("models:\n  rec: &rec\n    x: *rec\n", "an alias at models.rec.x of what"),
        ("a: &a [*a]\n", "an alias at a.0 of what it is in; write the value"),
        ("a: " + "[" * 5000 + "]" * 5000, "at most 50 levels, received hundreds"),
        ("a: " + "[" * 60 + "]" * 60, "at most 50 levels, received more, at a.0.0"),
        ("[" * 20_000, "at most 50 levels, received hundreds"),
        (LAUGHS, "at most 100,000 values, received more, as aliases"),
        (MERGES, r"more than 2,000 keys from merges \(<<\) in line 11"),
        (f"lr: 1\nseed: {'9' * 5000}\n", "'99999999999999999999' .* in line 2"),
        ("seed: 2001-99-99\n", "no number or date that Python has.* in line 1"),
        ("seed: !!int abc\n", "no number or date that Python has, 'abc'"),
        ("seed: !!bool abc\n", "valid YAML"),
        ("seed: !!python/object/apply:os.system [ls]\n", "constructor for the tag"),
        ("seed: 1\nseed: 2\n", 'duplicate key "seed".* line 2.*correct that line$'),
        ("a: 1\n\tb: 2\n", "line 2"),
        ("a: 1\0", "valid YAML.*#x0000"),
        ("a: *nowhere\n", "undefined alias 'nowhere' in line 1"),
        ("? [[a]]\n: 1\n", "valid YAML"),
        ("", "sections, received NoneType; start from the params.yaml"),
        ("#" + "x" * 2**20, "at most 1,048,576 bytes, received more"),
    ],
)
def test_what_no_person_means_is_one_line(
    tmp_path: Path, text: str, said: str
) -> None:
    path = tmp_path / "params.yaml"
    path.write_text(text)
    with pytest.raises(InputError, match=rf"^{path}: expected .*{said}") as caught:
        params.read(path)
    assert "\n" not in str(caught.value)
    assert "<unicode string>" not in str(caught.value)
    assert len(str(caught.value)) < 1_000


def test_other_encodings_than_utf8_are_named(tmp_path: Path) -> None:
    path = tmp_path / "params.yaml"
    path.write_bytes("seed: 42\n".encode("utf-16"))
    with pytest.raises(InputError, match=r"valid YAML in UTF-8.*save it as UTF-8"):
        params.read(path)


def test_a_byte_order_mark_is_no_part_of_the_first_key(tmp_path: Path) -> None:
    path = tmp_path / "params.yaml"
    path.write_bytes(b"\xef\xbb\xbfseed: 42\n")
    assert params.read(path) == {"seed": 42}


@pytest.mark.parametrize("kind", ["folder", "pipe", "nothing", "device"])
def test_what_is_no_file_is_said_and_not_waited_for(
    tmp_path: Path, kind: str
) -> None:
    path = tmp_path / "params.yaml"
    if kind == "folder":
        path.mkdir()
    elif kind == "pipe":
        os.mkfifo(path)
    elif kind == "device":
        path.symlink_to("/dev/zero")
    with pytest.raises(
        InputError, match=r"params\.yaml: expected a file, received"
    ):
        params.read(path)


def test_anchors_that_a_person_writes_are_fine(tmp_path: Path) -> None:
    path = tmp_path / "params.yaml"
    path.write_text("a: &a {x: 1, y: [1, 2]}\nb: *a\nc:\n  <<: *a\n  x: 3\n")
    tree = params.read(path)
    assert tree["b"] == {"x": 1, "y": [1, 2]}
    assert tree["c"] == {"x": 3, "y": [1, 2]}


def test_two_readers_share_no_list(tmp_path: Path) -> None:
    path = tmp_path / "params.yaml"
    path.write_text("a: [1]\n")
    params.read(path)["a"].append(2)
    assert params.read(path) == {"a": [1]}
