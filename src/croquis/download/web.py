"""What a web server answers: redirects that may be followed, and credentials for one host alone."""

import http.client
import os
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from urllib.parse import quote, urljoin, urlsplit

import requests
import urllib3
from requests.auth import AuthBase
from requests.utils import get_auth_from_url

from croquis.core.addresses import hide_secrets
from croquis.core.errors import InputError

BLOCK = 2**20  # bytes that are read at once, at most
CONNECT_SECONDS = 20
READ_SECONDS = 60  # without a single byte
MOST_REDIRECTS = 10
LEAST_SECRET = 4  # characters; every text holds shorter ones
TOKEN = "CROQUIS_TOKEN"  # sent as a bearer token
BY_HAND = "or download it by hand and name the file"
LOGIN = f"if it asks for a login: ~/.netrc or {TOKEN} (docs/data.md); {BY_HAND}"
# No second try makes these right.
HOPELESS = (
    requests.exceptions.InvalidURL,
    requests.exceptions.InvalidSchema,
    requests.exceptions.MissingSchema,
    requests.exceptions.InvalidHeader,
    requests.exceptions.InvalidProxyURL,
    requests.exceptions.SSLError,
    ValueError,
)
_VARIABLE = re.compile(r"\{([A-Z][A-Z0-9_]*)\}")


class BrokenTransferError(Exception):
    """A transfer that may go well at another try.

    Attributes:
        wait: seconds that the server asked for.
    """

    def __init__(self, reason: str, wait: float = 0) -> None:
        super().__init__(reason)
        self.wait = wait


@dataclass(frozen=True)
class WebSource:
    """A `data.source` on the web.

    Attributes:
        text: as params.yaml has it: {NAME} in it is a variable of the environment.
    """

    text: str

    @cached_property
    def url(self) -> str:
        """The address with the values of variables.

        Raises:
            InputError: if a variable is not set, or it is no address.
        """
        url = self.filled()
        try:
            parts = urlsplit(url)
            host = parts.hostname or ""
            whole = (
                host != "" and ("%" not in host or ":" in host) and parts.port != 0
            )
        except ValueError:
            whole = False
        if not whole or not url.isprintable() or " " in url or "\\" in url:
            raise InputError(
                "data.source",
                expected="an address of a host, without blanks",
                received=f"{self.text!r}",
                fix="write / ? # @ and blanks in a password or a path as %2F %3F %23 %40"
                " %20, or put the password into ~/.netrc (docs/data.md)",
            )
        return url

    def filled(self) -> str:
        """The text with the values of variables; raises InputError if one is not set."""
        return _VARIABLE.sub(lambda match: self._value(match.group(1)), self.text)

    def error(self, received: str, fix: str) -> InputError:
        """The error of a server that has no archive for us."""
        return InputError(
            self.text,
            expected="an archive at this URL",
            received=self.hide(received),
            fix=fix,
        )

    def hide(self, text: str) -> str:
        """A text without the values of variables and other secrets."""
        for name in _VARIABLE.findall(self.text):
            value = os.environ.get(name, "")
            forms = {value, quote(value), quote(value, safe="")}
            for form in forms if len(value) >= LEAST_SECRET else ():
                text = text.replace(form, f"{{{name}}}")
        return hide_secrets(" ".join(text.split()))

    def _value(self, name: str) -> str:
        value = os.environ.get(name)
        if value:
            return value
        raise InputError(
            "data.source",
            expected=f"a variable {name} in the environment",
            received="none",
            fix=f"say `export {name}=...`",
        )


@dataclass(frozen=True)
class Answer:
    """The head of an answer.

    Attributes:
        status: 200 and the like.
        headers: by name, in any case.
    """

    status: int
    headers: Mapping[str, str]


class Bearer(AuthBase):
    """CROQUIS_TOKEN as a header.

    As `auth`, since requests would let ~/.netrc win over a header that is there already.
    """

    def __init__(self, token: str) -> None:
        self._token = token

    def __call__(
        self, request: requests.PreparedRequest
    ) -> requests.PreparedRequest:
        """The request with the header."""
        request.headers["Authorization"] = f"Bearer {self._token}"
        return request


class Browser(requests.Session):
    """A session that follows no redirect by itself.

    requests would read the whole body of each one into memory, whatever its size.
    """

    def get_redirect_target(self, resp: requests.Response) -> str | None:
        """None: nothing to follow."""
        return None

    def redirect_of(self, answer: requests.Response) -> str | None:
        """Where an answer leads to, if anywhere."""
        return super().get_redirect_target(answer)


def read_answer(
    source: WebSource, headers: Mapping[str, str]
) -> Iterator[Answer | bytes]:
    """The head of the answer, then its bytes as they came: nothing is unpacked.

    Raises:
        BrokenTransferError: if another try may help.
        InputError: if none will.
    """
    try:
        with Browser() as session, _ask(session, source, headers) as answer:
            yield Answer(answer.status_code, answer.headers)
            # Its own words on a body that is too short say less than ours.
            answer.raw.enforce_content_length = False
            while block := answer.raw.read1(BLOCK, decode_content=False):
                yield block
    except HOPELESS as error:
        fix = f"check the address, {BY_HAND}"
        raise source.error(_words(error), fix) from error
    except (
        requests.RequestException,
        urllib3.exceptions.HTTPError,
        http.client.HTTPException,
        OSError,
    ) as error:
        raise BrokenTransferError(source.hide(_words(error))) from error


def _ask(
    session: Browser, source: WebSource, headers: Mapping[str, str]
) -> requests.Response:
    url = source.url
    for _ in range(MOST_REDIRECTS + 1):
        answer = session.get(
            url,
            headers=dict(headers),
            auth=_credentials(session, source, url),
            stream=True,
            allow_redirects=False,
            timeout=(CONNECT_SECONDS, READ_SECONDS),
        )
        target = session.redirect_of(answer)
        if target is None:
            return answer
        answer.close()
        url = _next_url(source, url, target)
    fix = f"the server sends in circles: check the address, {BY_HAND}"
    raise source.error(f"more than {MOST_REDIRECTS} redirects", fix)


def _next_url(source: WebSource, url: str, target: str) -> str:
    """The address that a redirect leads to, unless that is no web page or a less safe one."""
    following = urljoin(url, target)
    scheme = urlsplit(following).scheme.lower()
    if scheme not in ("http", "https"):
        raise source.error(
            f"a redirect to {following!r}", f"check the address, {BY_HAND}"
        )
    if urlsplit(url).scheme.lower() == "https" and scheme == "http":
        raise source.error(
            f"a redirect from https to {following!r}",
            f"on that way anybody could change the data: give another address, {BY_HAND}",
        )
    return following


def _credentials(
    session: Browser, source: WebSource, url: str
) -> AuthBase | tuple[str, str] | None:
    """What proves who asks; None elsewhere than at the source's own host, but for ~/.netrc."""
    if session.should_strip_auth(source.url, url):
        return None
    user, password = get_auth_from_url(source.url)
    if user or password:
        return user, password
    token = os.environ.get(TOKEN, "").strip()
    if not token:
        return None  # requests looks into ~/.netrc
    if not re.fullmatch(r"[!-~]+", token):  # the error of requests would show it
        raise InputError(
            TOKEN,
            expected="one word of plain letters, digits and signs",
            received="something else",
            fix="export the token again, without quotes and blanks in it",
        )
    return Bearer(token)


def _words(error: Exception) -> str:
    return str(error) or type(error).__name__
