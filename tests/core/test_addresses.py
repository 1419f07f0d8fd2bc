"""Addresses: what may be secret is hidden wherever it stands, and ordinary text stays as it is."""

import time

import pytest

from croquis.core.addresses import address, hide_secrets, holds_secret
from croquis.core.errors import InputError


@pytest.mark.parametrize(
    ("text", "hidden"),
    [
        ("https://me:SECRET@host.org:80/a.zip", "https://***@host.org:80/a.zip"),
        ("https://SECRET@host.org/a.zip", "https://***@host.org/a.zip"),
        ("https://me:SE%40CRET@host.org/a.zip", "https://***@host.org/a.zip"),
        ("https://me:SE@CRET@host.org/a.zip", "https://***@host.org/a.zip"),
        ("https://me:SE/CRET@host.org/a.zip", "https://***@host.org/a.zip"),
        ("https://me:SE?CRET@host.org/a.zip", "https://***@host.org/a.zip"),
        ("https://me:SE#CRET@host.org/a.zip", "https://***@host.org/a.zip"),
        ("https://me:1/SECRET@host.org/a.zip", "https://***@host.org/a.zip"),
        ("https://me:S CRET@host.org/a.zip", "https://***@host.org/a.zip"),
        ("https://me:S'C\"T@host.org/a.zip", "https://***@host.org/a.zip"),
        ("https:/me:SECRET@host.org/a.zip", "https:/***@host.org/a.zip"),
        ("me:SECRET@host.org/a.zip", "***@host.org/a.zip"),
        ("'me:SECRET@host.org'", "'***@host.org'"),
        ("data.source=me:SECRET@localhost/a", "data.source=***@localhost/a"),
        ("'https:\\\\me:SECRET@host.org/a'", "'***@host.org/a'"),
        ("//me:SECRET@host/a.zip", "//***@host/a.zip"),
        ("https://me%3ASECRET%40host.org/a.zip", "https://***@host.org/a.zip"),
        ("HTTPS://ME:SECRET@HOST.ORG/A.ZIP", "HTTPS://***@HOST.ORG/A.ZIP"),
        ("s3://KEY:SECRET@bucket/a.zip", "s3://***@bucket/a.zip"),
        ("https://h.org/a.zip?sig=SECRET", "https://h.org/a.zip?sig=***"),
        ("https://h.org/a.zip?SECRET", "https://h.org/a.zip?***"),
        ("https://h.org/a.zip?SECRET=", "https://h.org/a.zip?SECRET="),
        (
            "https://h.org/a?X-Amz-Signature=SECRET&id=7;x=SECRET",
            "https://h.org/a?X-Amz-Signature=***&id=7;x=***",
        ),
        ("https://h.org/a?t%6Fken=SECRET", "https://h.org/a?t%6Fken=***"),
        ("https://h.org/a?path=/b?token=SECRET", "https://h.org/a?path=***"),
        ("https://h.org/a?path=%2Fb%3Fsig%3DSECRET", "https://h.org/a?path=***"),
        ("https://h.org/a.zip#SECRET", "https://h.org/a.zip#***"),
        ("https://h.org/token=SECRET/a.zip", "https://h.org/token=***/a.zip"),
        ("https://h.org/token%3DSECRET/a.zip", "https://h.org/token=***/a.zip"),
        ("https://h.org/token/SECRET/a.zip", "https://h.org/token/***/a.zip"),
        ("https://h.org/a.zip;sid=SECRET", "https://h.org/a.zip;***"),
        (
            "https://h.org/to?u=https://me:SECRET@h.org/",
            "https://h.org/to?u=***",
        ),
        (
            "Max retries exceeded with url: /a.zip?sig=SECRET (Caused by X)",
            "Max retries exceeded with url: /a.zip?sig=*** (Caused by X)",
        ),
        ("url: /token=SECRET/a.zip;s=SECRET (", "url: /token=***/a.zip;s=*** ("),
        ("{'Authorization': 'Bearer SECRET'}", "{'Authorization': '***'}"),
        ("Authorization: Bearer SECRET", "Authorization: Bearer ***"),
        ("{'access_token': 'SECRET'}", "{'access_token': '***'}"),
        ("password='SECRET', lr=1", "password='***', lr=1"),
        ("AccountKey=SECRET;x", "AccountKey=***;x"),
        ("Bearer SECRETSECRETSECRET", "Bearer ***"),
        ("url: /token/SECRET/a.zip (", "url: /token/***/a.zip ("),
        ("https://h.org/access_token/SECRET/a", "https://h.org/access_token/***/a"),
        ("https://h.org/#/token/SECRET", "https://h.org/#/token/***"),
        ("x://me:SECRET@h", "x://***@h"),
        ("file:/me:SECRET@h.org/a", "file:/***@h.org/a"),
        ("ask (me:SECRET@h.org), or", "ask (***@h.org), or"),
        ("token=none-SECRET", "token=***"),
        ("password=true.SECRET", "password=***"),
        ("_https://me:SECRET@h.org/a", "_https://***@h.org/a"),
        ("htps//me:SECRET@h.org/a", "htps//***@h.org/a"),
        ("me:SECRET@[::1]/a.zip", "***@[::1]/a.zip"),
        ("me:SECRET@127.0.0.1:80/a", "***@127.0.0.1:80/a"),
        (f"https://h.org/ghp_{'x' * 36}/a.zip", "https://h.org/***/a.zip"),
        (
            "https://raw.githubusercontent.com/a/b/a.zip?token=SECRET",
            "https://raw.githubusercontent.com/a/b/a.zip?token=***",
        ),
        (
            "https://dropbox.com/a?rlkey=SECRET&dl=1",
            "https://dropbox.com/a?rlkey=***&dl=1",
        ),
        (
            "'https://me:SECRET@a.org/x' -> 'https://me:SECRET@b.org/y?sig=SECRET'",
            "'https://***@a.org/x' -> 'https://***@b.org/y?sig=***'",
        ),
    ],
)
def test_what_may_be_secret_is_hidden(text: str, hidden: str) -> None:
    assert hide_secrets(text) == hidden
    assert hide_secrets(hidden) == hidden


@pytest.mark.parametrize(
    "text",
    [
        "icons",
        "../shared/data/ferns.tar.gz",
        "/home/me/ferns (1)/a@b.zip",
        "https://host.org:8080/a/b.zip",
        "https://host.org:8080: expected an archive, received train@lite0_80-0",
        "https://host.org/@me/b.zip?id=7&path=/x/y",
        "http://[::1]:5000/a.zip",
        "http://127.0.0.1:5000/#/experiments/1/runs/2; Ctrl-C ends it",
        "http://localhost:5000/a@b",
        "https://token.org/secret-santa/images.zip",
        "sqlite:////tmp/project/mlflow.db, models:/icons/1",
        "dvc.yaml:train@lite0_80-0: expected lr=0.001, received null; add -S lr=1e-3",
        "models.a.tokens: expected 5, received 6 (why? so=1)",
        "https://host.org/a.zip?sig={SIG}",
        "https://huggingface.co/datasets/a/b/resolve/main/a.zip?download=true",
        "https://drive.google.com/uc?export=download&id=7",
        "models:/icons@champion: expected a model, received none",
        "file:///home/me/a@b.zip",
        "file:///a@b.zip",
        "C:\\data\\a@b.zip",
        "a//b@c/d.png and /data//x@2x.png",
        "train/a:b@c/1.png, 12:30@home.png, 16:9@2x.png, x:y@0.5",
        "models.m.kwargs.max_tokens=196, tokenizer=bert, class_token=True",
        "image/png;charset=utf-8",
        "id;label=1",
        "https://h.org/monkey/1.png and /turkey/2.png",
        "{'tokens': 'a'}",
    ],
)
def test_ordinary_text_stays_as_it_is(text: str) -> None:
    assert hide_secrets(text) == text


@pytest.mark.parametrize("piece", ["a.b-", "http://", "x:y@", "?a=", "'token': '"])
def test_a_long_text_is_no_work(piece: str) -> None:
    """Names of a stranger's files stand in errors; 200 kB of one took minutes."""
    start = time.monotonic()
    hide_secrets(piece * (200_000 // len(piece)))
    assert time.monotonic() - start < 10


@pytest.mark.parametrize(
    "piece",
    ["https://h.org/a?path=", "?id=", "https://h.org/#/", "%3Fpath%3D", "url: /"],
)
def test_addresses_within_addresses_are_no_endless_work(piece: str) -> None:
    """Each was looked into anew: 250 of them in data.source were a traceback."""
    start = time.monotonic()
    text = hide_secrets(f"https://h.org/{piece * 5_000}")
    assert text.startswith("https://h.org/")
    address(text)
    holds_secret(text)
    assert time.monotonic() - start < 10


def test_an_address_in_an_address_tells_two_sources_apart() -> None:
    place = "https://h.org/get?file=https%3A%2F%2Fother.org%2Fa.zip"
    assert address(place) == place
    assert address(place.replace("a.zip", "b.zip")) != place


def test_an_address_is_the_same_for_another_signature_or_password() -> None:
    place = "https://host.org/a.zip?id=7"
    for source in (
        "https://host.org/a.zip?id=7&sig=one",
        "https://host.org/a.zip?sig=two&id=7#three",
        "https://me:old@host.org/a.zip?id=7",
        "https://me:n/e?w@host.org/a.zip?id=7",
    ):
        assert address(source) == place


def test_a_source_that_holds_a_secret_is_known() -> None:
    for source in (
        "https://me:pass@host.org/a.zip",
        "https://host.org/a.zip?X-Amz-Signature=abc",
        "https://host.org/token=abc/a.zip",
    ):
        assert holds_secret(source)
    for source in (
        "icons",
        "ferns.zip",
        "https://host.org/a.zip",
        "https://host.org/uc?export=download&id=7",
        "https://host.org/a.zip?sig={SIG}",
    ):
        assert not holds_secret(source)


def test_no_error_of_ours_shows_a_password() -> None:
    error = InputError(
        "https://me:SECRET@h.org", expected="a", received="'x?sig=SECRET'", fix="b"
    )
    assert str(error) == "https://***@h.org: expected a, received 'x?sig=***'; b"
    assert "SECRET" not in str(error.within("models"))
