"""The machines of a cluster: which of them get work, and how much of each is free."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

TINY = 1e-9


@dataclass
class Node:
    """A machine that gets work.

    Attributes:
        key: Ray's name of it.
        name: the machine's, for people.
        room: its GPUs, or cores where the cluster has none.
        shares_disk: whether it sees the project's folder.
        users: the shares of what runs there, by stage.
    """

    key: str
    name: str
    room: float
    shares_disk: bool
    users: dict[str, float] = field(default_factory=dict)

    @property
    def free(self) -> float:
        """What nobody uses."""
        return self.room - sum(self.users.values())


def room_of(resources: Mapping[str, float], *, has_gpus: bool) -> float:
    """How many jobs a machine takes: one a GPU, or one a core in a cluster without any.

    Args:
        resources: of the node, as Ray has them.
        has_gpus: whether any node has a GPU.
    """
    return float(resources.get("GPU" if has_gpus else "CPU", 0.0))


def misfit(node: Mapping[str, Any], driver: Mapping[str, Any], remote: str) -> str:
    """Why a machine gets no work, for people; empty if it does.

    A result is looked up by what its stage reads, which says nothing of Python and packages: two
    that differ would be mixed up.

    Args:
        node: as `describe_node` tells.
        driver: the same of the driver's machine.
        remote: DVC's remote; empty: none.
    """
    if node["python"] != driver["python"]:
        return f"has Python {node['python']}, not {driver['python']}"
    theirs, ours = node["versions"], driver["versions"]
    other = [name for name in ours if theirs.get(name) != ours[name]]
    if other:
        first = other[0]
        more = f" and {len(other) - 1} more" if len(other) > 1 else ""
        return f"has {first} {theirs.get(first, 'not at all')}, not {ours[first]}{more}"
    if not node["shares_disk"] and not remote:
        return (
            "does not share this disk, and DVC has no remote to send results by:"
            " `dvc remote add -d store ssh://host/path`"
        )
    return ""


def emptiest(nodes: Mapping[str, Node], share: float) -> Node | None:
    """The machine with most room for a job; None: there is none.

    A whole GPU goes where most are free; a part of one where the least is, so that whole ones
    stay.

    Args:
        nodes: by Ray's name.
        share: of a GPU.
    """
    fitting = [node for node in nodes.values() if node.free + TINY >= share]
    if not fitting:
        return None
    if share < 1:
        return min(fitting, key=lambda node: node.free % 1 or node.room + 1)
    return max(fitting, key=lambda node: node.free)
