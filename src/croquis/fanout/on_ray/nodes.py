"""The machines of a cluster: which of them get work, and how much of each is free."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from croquis.fanout.on_ray.questions import Answer

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


def misfit(answer: Answer, remote: str) -> str:
    """Why a machine gets no work, for people; empty if it does.

    Args:
        answer: of the machine.
        remote: DVC's remote; empty: none.
    """
    if answer.problem or answer.shares_disk or remote:
        return answer.problem
    return (
        "it does not share the disk of project and cache, and DVC has no remote to send results by:"
        " `dvc remote add -d store ssh://host/path`"
    )


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
