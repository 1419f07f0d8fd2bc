"""Which machines get work, and which of them the next job."""

from croquis.fanout.on_ray.nodes import Node, emptiest, misfit, room_of
from croquis.fanout.on_ray.questions import Answer


def test_a_job_takes_a_gpu_or_a_core_where_no_machine_has_one() -> None:
    assert room_of({"GPU": 4.0, "CPU": 32.0}, has_gpus=True) == 4
    assert room_of({"CPU": 32.0}, has_gpus=True) == 0
    assert room_of({"CPU": 32.0}, has_gpus=False) == 32


def test_what_is_wrong_with_a_machine_is_why_it_gets_no_work() -> None:
    assert misfit(Answer("", shares_disk=True), "") == ""
    assert misfit(Answer("", shares_disk=False), "store") == ""
    assert misfit(Answer("old", shares_disk=True), "store") == "old"


def test_without_a_common_disk_a_remote_is_needed() -> None:
    why = misfit(Answer("", shares_disk=False), "")
    assert "`dvc remote add -d store ssh://host/path`" in why


def test_a_whole_gpu_goes_where_most_are_free_and_a_part_where_one_is_begun() -> (
    None
):
    nodes = {
        "a": Node("a", "so1", 2, True, {"x": 1.0}),
        "b": Node("b", "so2", 4, True, {"y": 1.0, "z": 0.25}),
    }
    chosen = emptiest(nodes, 1.0)
    assert chosen is nodes["b"] and chosen.free == 2.75
    assert emptiest(nodes, 0.25) is nodes["b"]
    nodes["a"].users["w"] = 0.5
    assert emptiest(nodes, 0.25) is nodes["a"]
    assert emptiest(nodes, 4.0) is None
