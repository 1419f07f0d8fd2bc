"""A password in data.source: `check` says where it goes, and never the password."""

from croquis.check.source_secrets import source_secret_lines


def test_a_password_in_params_yaml_is_named_with_the_fix() -> None:
    (line,) = source_secret_lines({"data": {"source": "https://a:SECRET@h.org/x"}})
    assert line.startswith("data.source holds a secret, https://***@h.org/x; ")
    assert "~/.netrc" in line and "SECRET" not in line


def test_a_source_without_one_is_not_named() -> None:
    for data in (
        {"source": "icons"},
        {"source": "https://h.org/x?sig={SIG}"},
        None,
    ):
        assert source_secret_lines({"data": data}) == []
    assert source_secret_lines({}) == []


def test_an_account_of_a_machine_or_a_store_is_no_secret_but_its_password_is() -> (
    None
):
    for source in (
        "ssh://me@h.org/a.zip",
        "abfss://box@account.dfs.core.windows.net/a.zip",
        "hf://datasets/me/set/a.zip",
        "s3://bucket/a.zip",
    ):
        assert source_secret_lines({"data": {"source": source}}) == []
    for source in (
        "ssh://me:SECRET@h.org/a.zip",
        "s3://SECRET@bucket/a.zip",
        "az://box/a.zip?sig=SECRET",
    ):
        (line,) = source_secret_lines({"data": {"source": source}})
        assert "SECRET" not in line
