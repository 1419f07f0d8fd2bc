"""Files of weights that are small and claim much: each costs little, and ends in one line."""

import collections
import io
import json
import os
import pickle
import struct
import subprocess
import zipfile
from pathlib import Path

import pytest
import safetensors.torch
import torch

from croquis.backbones import weights
from croquis.core.errors import InputError
from support.memory import outcome_and_megabytes, outcomes_and_megabytes

MOST_MEGABYTES = 300
IMPORTS = "from croquis.backbones.weights import read_tensors"
# As a training goes on: each tensor is copied once, in one piece.
COPY = (
    "[each.clone(memory_format=torch.contiguous_format) "
    "for each in read_tensors(path).values()]"
)


def zipped(
    path: Path,
    content: bytes,
    parts: dict[str, bytes],
    method: int = zipfile.ZIP_STORED,
) -> None:
    """A file as of torch.save, with any pickle and any numbers."""
    with zipfile.ZipFile(path, "w", method) as bundle:
        bundle.writestr("w/data.pkl", content)
        bundle.writestr("w/byteorder", b"little")
        for key, numbers in parts.items():
            bundle.writestr(f"w/data/{key}", numbers)
        bundle.writestr("w/version", b"3\n")


def packed_numbers(path: Path) -> None:
    file = io.BytesIO()
    torch.save({"a": torch.zeros(2**27)}, file)
    with zipfile.ZipFile(file) as stored:
        parts = {name: stored.read(name) for name in stored.namelist()}
    with zipfile.ZipFile(
        path, "w", zipfile.ZIP_DEFLATED, compresslevel=1
    ) as bundle:
        for name, content in parts.items():
            bundle.writestr(name, content)


def one_number_everywhere(path: Path) -> None:
    torch.save({"a": torch.ones(1).expand(2**29)}, path)


def many_views_of_the_same_numbers(path: Path) -> None:
    numbers = torch.ones(2**18)
    torch.save({str(at): numbers[: 2**18 - at] for at in range(2_000)}, path)


def one_number_everywhere_in_the_old_format(path: Path) -> None:
    tensors = {"a": torch.ones(1).expand(2**29)}
    torch.save(tensors, path, _use_new_zipfile_serialization=False)


def sparse(path: Path) -> None:
    numbers = torch.sparse_coo_tensor(
        torch.tensor([[0]]), torch.ones(1), (2**29,), is_coalesced=True
    )
    torch.save({"a": numbers}, path)


def on_no_device(path: Path) -> None:
    torch.save({"a": torch.empty(2**40, device="meta")}, path)


def call(module: str, name: str, argument: bytes) -> bytes:
    """Opcodes of a call with one argument."""
    return f"c{module}\n{name}\n".encode() + argument + b"\x85R"


def text(content: str) -> bytes:
    encoded = content.encode()
    return b"X" + struct.pack("<I", len(encoded)) + encoded


def copies_of_bytes(path: Path) -> None:
    first = b"q\0".join([call("builtins", "bytearray", b"J\0\0\x40\0"), b""])
    again = b"h\0" + b"".join(
        b"cbuiltins\nbytearray\nh\0\x85R" for _ in range(20_000)
    )
    zipped(path, b"\x80\x02](" + first + again + b"e.", {})


def copies_of_a_list(path: Path) -> None:
    numbers = b"](" + b"K\1" * 100_000 + b"eq\0"
    again = b"".join(b"cbuiltins\nset\nh\0\x85R" for _ in range(100))
    more = b"".join(b"ctorch\nSize\nh\0\x85R" for _ in range(30_000))
    zipped(path, b"\x80\x02](" + numbers + again + more + b"e.", {})


def a_note_far_away(path: Path) -> None:
    zipped(path, b"\x80\x02}r" + struct.pack("<I", 2**30) + b".", {})


def a_million_lists(path: Path) -> None:
    zipped(path, b"\x80\x02](" + b"}" * 8_000_000 + b"e.", {}, zipfile.ZIP_STORED)


def a_hundred_thousand_classes(path: Path) -> None:
    classes = b"".join(b"ca\nb%d\n" % number for number in range(100_000))
    zipped(path, b"\x80\x02](" + classes + b"e.", {})


def storages_larger_than_the_file(path: Path) -> None:
    """A tensor of 64 GB of which the file has 4 bytes."""
    file = io.BytesIO()
    torch.save({"a": torch.ones(2**16 + 1)}, file)
    with zipfile.ZipFile(file) as stored:
        described = stored.read(stored.namelist()[0])
    larger = described.replace(
        b"J" + struct.pack("<i", 2**16 + 1), b"J" + struct.pack("<i", 2**30)
    )
    assert larger != described
    zipped(path, larger, {"0": bytes(4)})


def old_storages_larger_than_the_file(path: Path) -> None:
    file = io.BytesIO()
    tensors = {"a": torch.ones(2**16 + 1)}
    torch.save(tensors, file, _use_new_zipfile_serialization=False)
    count = b"J" + struct.pack("<i", 2**16 + 1)
    path.write_bytes(
        file.getvalue().replace(count, b"J" + struct.pack("<i", 2**30))[:2_000]
    )


def a_directory_of_two_million_parts(path: Path) -> None:
    local = struct.pack(
        "<4s2B4HL2L2H", b"PK\3\4", 20, 0, 0, 0, 0, 33, 0, 0, 0, 0, 0
    )
    entry = struct.pack(
        "<4s4B4HL2L5H2L", b"PK\1\2", 20, 3, 20, 0, 0, 0, 0, 33, 0, 0, 0,
        1, 0, 0, 0, 0, 0, 0,
    ) + b"x"  # fmt: skip
    content = entry * 2_000_000
    end = struct.pack("<4s4H2LH", b"PK\5\6", 0, 0, 1, 1, len(content), 30, 0)
    path.write_bytes(local + content + end)


BOMBS = [
    packed_numbers,
    one_number_everywhere,
    many_views_of_the_same_numbers,
    one_number_everywhere_in_the_old_format,
    sparse,
    on_no_device,
    copies_of_bytes,
    copies_of_a_list,
    a_note_far_away,
    a_million_lists,
    a_hundred_thousand_classes,
    storages_larger_than_the_file,
    old_storages_larger_than_the_file,
    a_directory_of_two_million_parts,
]


@pytest.mark.filterwarnings("ignore")
def test_a_bomb_takes_little_memory(tmp_path: Path) -> None:
    """All in one process, as torch takes seconds to import."""
    paths = []
    for bomb in BOMBS:
        paths.append(tmp_path / f"{bomb.__name__}.pth")
        bomb(paths[-1])
    costs = outcomes_and_megabytes(
        IMPORTS + "\nimport torch", COPY, [[path] for path in paths]
    )
    for path, (outcome, megabytes) in zip(paths, costs, strict=True):
        start = f"{path}: expected a state_dict of tensors, received"
        assert outcome.startswith(start)
        assert "\n" not in outcome
        assert len(outcome) < len(str(path)) + 300
        assert megabytes < MOST_MEGABYTES, outcome


def header_of_safetensors(header: bytes, path: Path) -> Path:
    path.write_bytes(struct.pack("<Q", len(header)) + header)
    return path


def test_a_header_of_safetensors_is_short(tmp_path: Path) -> None:
    empty = {"dtype": "F32", "shape": [0], "data_offsets": [0, 0]}
    header = json.dumps({f"{at:06}": empty for at in range(200_000)}).encode()
    path = header_of_safetensors(header, tmp_path / "w.safetensors")
    with pytest.raises(InputError, match="a header of more than 8,388,608 bytes"):
        weights.read_tensors(path)


@pytest.mark.parametrize("length", [2**63, 2**40, 99])
def test_a_header_longer_than_the_file_is_named(
    tmp_path: Path, length: int
) -> None:
    path = tmp_path / "w.safetensors"
    path.write_bytes(struct.pack("<Q", length) + b"{}")
    with pytest.raises(InputError, match=r"w\.safetensors: expected a state_dict"):
        weights.read_tensors(path)


@pytest.mark.parametrize(
    ("content", "received"),
    [
        ({"state_dict": None}, "NoneType in place of names"),
        ({"state_dict": [torch.ones(1)]}, "list in place of names"),
        ([torch.ones(1)], "list in place of names"),
        ({1: torch.ones(1)}, "received 1;"),
        ({"state_dict": {"a": 3}}, "received a;"),
    ],
)
def test_what_is_no_state_dict_is_named(
    tmp_path: Path, content: object, received: str
) -> None:
    torch.save(content, tmp_path / "w.pth.tar")
    with pytest.raises(InputError, match=received):
        weights.read_tensors(tmp_path / "w.pth.tar")


def test_a_checkpoint_with_settings_of_its_training_is_read_without_making_them(
    tmp_path: Path,
) -> None:
    """timm keeps its command line in a checkpoint, as an object that pickle alone could make."""
    content = {"state_dict": {"a": torch.ones(1)}, "args": io.BytesIO(b"x")}
    torch.save(content, tmp_path / "w.pth.tar")
    assert list(weights.read_tensors(tmp_path / "w.pth.tar")) == ["a"]


class Calls:
    """Calls a function when it is unpickled."""

    def __init__(self, function: object) -> None:
        self.function = function

    def __reduce__(self) -> tuple[object, tuple[str]]:
        return self.function, ("1",)


@pytest.mark.parametrize("function", [eval, getattr, os.system, subprocess.run])
def test_a_checkpoint_that_calls_a_function_names_it(
    tmp_path: Path, function: object
) -> None:
    content = {"state_dict": {"a": torch.ones(1)}, "args": Calls(function)}
    torch.save(content, tmp_path / "w.pth.tar")
    with pytest.raises(
        InputError,
        match=r"it holds \w+\.\w+, which is no plain tensor; save its state_dict",
    ):
        weights.read_tensors(tmp_path / "w.pth.tar")


@pytest.mark.parametrize("is_zip", [True, False])
def test_what_torch_saves_of_a_training_is_read(
    tmp_path: Path, is_zip: bool
) -> None:
    """Parameters, shared and turned numbers, half floats, an optimizer's state and counters."""
    model = torch.nn.Sequential(torch.nn.Linear(3, 3), torch.nn.BatchNorm1d(3))
    optimizer = torch.optim.AdamW(model.parameters())
    model(torch.ones(2, 3)).sum().backward()
    optimizer.step()
    shared = torch.arange(6.0).reshape(2, 3)
    state = {
        **model.state_dict(),
        "parameter": torch.nn.Parameter(torch.ones(2)),
        "turned": shared.T,
        "again": shared,
        "half": torch.ones(3, dtype=torch.bfloat16),
        "flag": torch.tensor(True),
        "empty": torch.empty(0),
        "row": torch.arange(4).expand(1, -1),
    }
    content = {
        "state_dict": collections.OrderedDict(state),
        "optimizer": optimizer.state_dict(),
        "steps": collections.Counter([3, 3, 5]),
        "epoch": 2**40,
        "note": "text",
    }
    torch.save(content, tmp_path / "w.pth", _use_new_zipfile_serialization=is_zip)
    tensors = weights.read_tensors(tmp_path / "w.pth")
    assert list(tensors) == list(state)
    assert all(torch.equal(tensors[name], state[name]) for name in state)


def test_an_honest_file_takes_its_own_size(tmp_path: Path) -> None:
    torch.save({"a": torch.ones(2**25)}, tmp_path / "w.pth")  # 128 MB
    call = "read_tensors(path)"
    outcome, megabytes = outcome_and_megabytes(IMPORTS, call, tmp_path / "w.pth")
    assert outcome == "fine"
    assert megabytes < 128 + 64


def test_unsigned_numbers_of_torch_are_counted_by_their_own_size(
    tmp_path: Path,
) -> None:
    torch.save({"a": torch.ones(3, dtype=torch.uint16)}, tmp_path / "w.pth")
    assert weights.read_tensors(tmp_path / "w.pth")["a"].tolist() == [1, 1, 1]


def test_safetensors_are_read_as_before(tmp_path: Path) -> None:
    safetensors.torch.save_file({"a": torch.ones(2)}, tmp_path / "w.safetensors")
    assert weights.read_tensors(tmp_path / "w.safetensors")["a"].tolist() == [1, 1]


def test_an_old_pickle_of_a_number_is_no_file_of_weights(tmp_path: Path) -> None:
    (tmp_path / "w.pth").write_bytes(pickle.dumps(3))
    with pytest.raises(InputError, match="expected a state_dict of tensors"):
        weights.read_tensors(tmp_path / "w.pth")


@pytest.mark.parametrize("depth", [101, 500_000])
def test_tuples_in_tuples_as_a_name_are_refused(tmp_path: Path, depth: int) -> None:
    nested = b"\x80\x02}(" + b")" + b"\x85" * depth + b"K\x01u."
    zipped(tmp_path / "w.pth", nested, {})
    with pytest.raises(InputError, match="tuples in tuples"):
        weights.read_tensors(tmp_path / "w.pth")


def test_a_bytearray_of_a_length_alone_is_refused(tmp_path: Path) -> None:
    claim = b"\x80\x02cbuiltins\nbytearray\nJ\xff\xff\xff\x7f\x85R."
    zipped(tmp_path / "w.pth", claim, {})
    with pytest.raises(InputError, match="bytes without their content"):
        weights.read_tensors(tmp_path / "w.pth")


# torch says that it checks sparse tensors.
@pytest.mark.filterwarnings("ignore:Validating sparse")
@pytest.mark.parametrize(
    "beside",
    [
        {1, 2},
        1 + 2j,
        bytearray(b"ab"),
        torch.strided,
        torch.FloatTensor,
        torch.eye(3).to_sparse(),
        torch.empty(3, device="meta"),
        torch.device("cpu"),
        collections.Counter({30: 1}),
        [[[[[[[1]]]]]]],
    ],
    ids=lambda value: type(value).__name__,
)
def test_what_a_checkpoint_holds_beside_its_weights_is_no_fault(
    tmp_path: Path, beside: object
) -> None:
    torch.save(
        {"state_dict": {"a": torch.ones(2)}, "x": beside}, tmp_path / "w.pth"
    )
    assert weights.read_tensors(tmp_path / "w.pth")["a"].tolist() == [1, 1]


def test_a_list_of_many_things_is_not_deep(tmp_path: Path) -> None:
    content = {"state_dict": {"a": torch.ones(2)}, "seen": list(range(5_000))}
    torch.save(content, tmp_path / "w.pth")
    assert list(weights.read_tensors(tmp_path / "w.pth")) == ["a"]


def test_sparse_tensors_of_the_same_numbers_again_and_again_are_refused(
    tmp_path: Path,
) -> None:
    """torch would look through the numbers each time, which took minutes."""
    torch.save({"a": torch.zeros(2**18), "x": 0}, tmp_path / "w.pth")
    with zipfile.ZipFile(tmp_path / "w.pth") as bundle:
        name = next(each for each in bundle.namelist() if each.endswith("data.pkl"))
        content = bundle.read(name)
        numbers = bundle.read(name.replace("data.pkl", "data/0"))
    # The tensor is noted as 99, and stands as the values of each sparse one.
    tensor = content[content.index(b"ctorch._utils") : content.rindex(b"X\x01")]
    tensor = tensor.rpartition(b"R")[0] + b"Rq\x63"
    once = b"ctorch._utils\n_rebuild_sparse_tensor\n(N(h\x63h\x63)ttR"
    pickled = b"\x80\x02](" + tensor + once * 1_000 + b"e."
    zipped(tmp_path / "w.pth", pickled, {"0": numbers})
    with pytest.raises(InputError, match="repeated again and again"):
        weights.read_tensors(tmp_path / "w.pth")
