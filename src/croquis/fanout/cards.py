"""Which job is on which GPU: shares of cards, or of the cores of a machine that has none."""

from collections.abc import Sequence
from dataclasses import dataclass, field

TINY = 1e-9


@dataclass
class Card:
    """A GPU, or all cores of a machine without one.

    Attributes:
        name: of the GPU, for CUDA_VISIBLE_DEVICES; None: there is none.
        room: how many jobs of one share it takes.
        users: the shares of what runs on it, by stage.
    """

    name: str | None
    room: float
    users: dict[str, float] = field(default_factory=dict)

    @property
    def free(self) -> float:
        """What nobody uses."""
        return self.room - sum(self.users.values())


def make_cards(gpus: Sequence[str], slots: int | None, cores: int) -> list[Card]:
    """The cards of a machine.

    Args:
        gpus: their names.
        slots: how many jobs are to run at a time; None: one a GPU, or one a core without any.
        cores: of the machine.
    """
    if not gpus:
        return [Card(None, float(slots or cores))]
    if slots is None or slots == len(gpus):
        return [Card(name, 1.0) for name in gpus]
    used = gpus[:slots]
    return [Card(name, slots / len(used)) for name in used]


def take(cards: Sequence[Card], stage: str, share: float) -> Card | None:
    """Puts a job on the fullest card that has room, so that others stay whole; None: no room.

    Args:
        cards: of the machine.
        stage: of the job.
        share: of a GPU.
    """
    fitting = [card for card in cards if card.free + TINY >= share]
    if not fitting:
        return None
    card = min(fitting, key=lambda each: each.free)
    card.users[stage] = share
    return card
