"""Old names lead to new ones, and to such as there are."""

from croquis.check.sections import SECTIONS
from croquis.set_params.renamed import renamed


def test_a_renamed_parameter_is_one_of_params_yaml() -> None:
    for old, new in renamed("params").items():
        section, key = new.split(".")
        assert key in SECTIONS[section].model_fields
        assert old.split(".")[1] not in SECTIONS[section].model_fields


def test_the_count_of_images_was_called_otherwise() -> None:
    assert renamed("metrics") == {"pictures": "images"}
