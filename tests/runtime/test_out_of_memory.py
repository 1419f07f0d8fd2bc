"""What does not fit is tried in halves, and nothing of it is lost or doubled."""

import pytest
import torch

from croquis.core.errors import InputError
from croquis.runtime.out_of_memory import InParts, halve_batch


def test_half_of_an_odd_number_is_the_larger_one_and_never_below_the_least() -> (
    None
):
    with pytest.warns(
        UserWarning, match=r"out of memory: now \d images at once; as said$"
    ):
        assert halve_batch(7, note="; as said") == 4
        assert halve_batch(3, least=2, note="; as said") == 2
        assert halve_batch(5, least=4, note="; as said") == 4


def test_no_room_for_the_least_is_an_error() -> None:
    with pytest.raises(
        InputError, match=r"room for 2 of a batch's images, received less"
    ):
        halve_batch(2, least=2)


def test_parts_that_fit_give_the_whole_in_its_order() -> None:
    seen = []

    def doubled(images: torch.Tensor) -> torch.Tensor:
        if len(images) > 3:
            raise torch.OutOfMemoryError("CUDA out of memory")
        seen.append(images.tolist())
        return 2 * images

    fitting = InParts(doubled)
    with pytest.warns(UserWarning, match="out of memory: now [53] images"):
        assert fitting(torch.arange(10)).tolist() == list(range(0, 20, 2))
    # Too many are not tried in vain again.
    assert fitting(torch.arange(4)).tolist() == list(range(0, 8, 2))
    assert seen == [[0, 1, 2], [3, 4, 5], [6, 7, 8], [9], [0, 1, 2], [3]]
