"""Names of classes for people."""

from croquis.report.readable_names import readable_names


def test_wnids_become_english() -> None:
    assert readable_names(["n02119789", "n03126707"]) == ["kit fox", "crane"]


def test_two_wnids_of_one_name_keep_their_numbers() -> None:
    """The machine and the bird."""
    assert readable_names(["n02012849", "n03126707"]) == [
        "crane (n02012849)",
        "crane (n03126707)",
    ]


def test_words_stay_as_they_are() -> None:
    assert readable_names(["cup", "n123", "nn02119789"]) == [
        "cup",
        "n123",
        "nn02119789",
    ]
    assert readable_names(["n99999999", "cup"]) == [
        "n99999999",
        "cup",
    ]  # none that anybody knows
