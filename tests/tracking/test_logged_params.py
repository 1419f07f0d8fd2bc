"""Parameters as MLflow takes them."""

from croquis.tracking import logged_params


def test_nested_params_get_dotted_keys() -> None:
    assert logged_params.flat({"a": {"b": {"c": 1}, "d": []}, "e": None}) == {
        "a.b.c": 1,
        "a.d": [],
        "e": None,
    }
