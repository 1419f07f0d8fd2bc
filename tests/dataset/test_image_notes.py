"""The status of an image: notes that are found one by one."""

import pandas as pd

from croquis.dataset.image_notes import BLANK, has_note, join_notes


def test_notes_become_a_status_and_are_found_in_it_whole() -> None:
    statuses = [
        join_notes([]),
        join_notes(["cmyk", BLANK]),
        "unreadable: blank",
        "blank",
        "blanked",
    ]
    assert statuses[:2] == ["ok", "cmyk; blank"]
    index = pd.DataFrame({"status": statuses})
    assert has_note(index, BLANK).tolist() == [False, True, False, True, False]
