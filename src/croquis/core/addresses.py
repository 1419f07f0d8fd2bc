"""Addresses without what may be secret, for every text that people, files or MLflow will see."""

import re
from urllib.parse import parse_qsl, unquote, urlencode

# Keys of a URL's query that name the data, and are never a secret.
NAMING = ("id", "file", "filename", "name", "path", "dataset", "version")
HIDDEN = "***"
MOST_DECODED = 3  # times that something is percent-encoded inside something else
FAR = 200  # characters in which a password that holds a / or a space may end

_SCHEME = re.compile(r"\b[a-z][a-z0-9+.-]{1,20}:/{1,3}", re.IGNORECASE)
_SHORT = r"(?<![a-z])(?:sig|auth|sid|sas|jwt|pass)(?![a-z])"
# Networks have tokens, and tokenizers: max_tokens=5 is no secret.
_LONG = (
    "token(?!s|iz)|signature|passw(?:or)?d|pwd|secret|credential|session"
    "|(?:api|access|account|private)[_-]?key|authorization"
)
_WORD = rf"[\w.-]{{0,40}}?(?:{_LONG}|{_SHORT})[\w.-]{{0,40}}"
_KEY = re.compile(_WORD, re.IGNORECASE)
_ALONE = re.compile(
    r"(?:\w{1,20}[_-])?(?:token|signature|password|secret)|sig|jwt"
    r"|(?:api|access|\w{1,20}[_-])[_-]?key",
    re.IGNORECASE,
)
# What says how a file is to be sent is no secret, unless its key is one.
_PLAIN = re.compile("true|false|download|media|[a-z0-9]{1,3}", re.IGNORECASE)
# Tokens that say themselves what they are: of GitHub, GitLab, Hugging Face, Amazon, and JWT.
_TOKENS = (
    "gh[opusr]_[A-Za-z0-9]{20,}|github_pat_[A-Za-z0-9_]{20,}|glpat-[A-Za-z0-9_-]{15,}"
    "|hf_[A-Za-z0-9]{20,}|(?:AKIA|ASIA)[0-9A-Z]{12,}"
    r"|eyJ[A-Za-z0-9_-]{8,}\.eyJ[A-Za-z0-9_-]{4,}\.[A-Za-z0-9_-]*"
)
# Addresses of these have no host where they have one slash, or three: models:/icons@champion
_NO_HOST = re.compile(
    r"(?:file|sqlite|models|runs):(?:/|///)(?!/|[^\s/@:]+:[^\s/@]+@)", re.IGNORECASE
)
_NAME = r"[a-z][a-z-]*"  # the end of a host: 12:30@2x.png has none, nor has x:y@0.5
_FILE = r"(?:png|jpe?g|gif|bmp|webp|avif|csv|zip|npy|json|tar|gz)\b"
_HOST = (
    rf"(?:[\w-]+(?:\.[\w-]+)*(?:/|:\d)|(?:[\w-]+\.)+(?!{_FILE}){_NAME}[.,;:)]*(?:['\"\s]|$)"
    r"|\d+(?:\.\d+){3}(?:['\"\s]|$)|\[[0-9a-f:.]+\](?:[/:'\"\s]|$))"
)
# What is hidden outside of a URL: an error of requests has a path and its query alone.
_ELSEWHERE = (
    (
        rf"(?<![\w.-])({_WORD}(?:=|%3D))(?!(?:true|false|none|null)(?:[\s,;&)'\"\]}}]|$))[^\s&;/,'\"<>()]+",
        rf"\1{HIDDEN}",
    ),
    (rf"(?<![\w.-])({_WORD}=(['\"])).*?(?=\2)", rf"\1{HIDDEN}"),
    (rf"((['\"]){_WORD}\2: ?(['\"])).*?(?=\3)", rf"\1{HIDDEN}"),
    (r"(Authorization['\"]?\s*[:=]\s*['\"]?\w+\s+)[^\s'\"]+", rf"\1{HIDDEN}"),
    (r"(\b(?:Bearer|Basic) +)[A-Za-z0-9+/=._~-]{16,}", rf"\1{HIDDEN}"),
    # user:password@host.org/ without a scheme, but no 12:30@ and no C:\\a@b
    (
        r"(?<![^\s'\"=(])(?!\d{1,2}:\d{1,2}@|[a-z]:\\)[^\s/:@'\"=(]+:[^\s/@]+@"
        rf"(?={_HOST})",
        f"{HIDDEN}@",
    ),
    # //user@host, where it begins; a//b@c is a path
    (r"(?<![^\s'\"=(<:])//[^\s/@'\"]+@", f"//{HIDDEN}@"),
    (r"(?<!/)//[^\s/:@'\"]+:[^\s/@'\"]+@", f"//{HIDDEN}@"),
)
_PATTERNS = [(re.compile(text, re.IGNORECASE), new) for text, new in _ELSEWHERE]
_PATTERNS.append((re.compile(rf"(?<![A-Za-z0-9])(?:{_TOKENS})"), HIDDEN))
# As an error of requests says where it has asked.
_PATH = re.compile(r"(?<=\burl: )(/[^\s?;'\"]+)([^\s?'\"]*)")
_QUERY = re.compile(r"(?<=\S)\?([^\s'\"<>()?]+=[^\s'\"<>()]*)")
_LOCATION = re.compile(r"[^\s'\"<>`]*")
# What the environment holds is not in the text.
_VARIABLE = re.compile(r"\{[A-Z][A-Z0-9_]*\}")


def hide_secrets(text: str) -> str:
    """A text with *** for what may be secret in the addresses in it.

    That is the user and the password, what a URL's query says beyond NAMING, its fragment, and
    values of keys such as `token=` anywhere. A part of a path that looks like any other stays.
    """
    parts = []
    place = 0
    for match in _SCHEME.finditer(text):
        if match.start() < place:
            continue  # an address inside another one
        parts += [_hide_elsewhere(text[place : match.start()]), match.group()]
        bare = _NO_HOST.match(text, match.start())
        has_host = bare is None or bare.end() != match.end()
        start = _end_of_user(text, match.end()) if has_host else match.end()
        parts += [f"{HIDDEN}@"] if start > match.end() else []
        place = _end_of_location(text, start)
        parts.append(_hide_in_location(text[start:place]))
    return "".join([*parts, _hide_elsewhere(text[place:])])


def address(source: str) -> str:
    """What tells a data source from others: the same for another password or signature.

    A signed URL has another signature tomorrow, so a query keeps the keys of NAMING alone.
    """
    if not (match := _SCHEME.match(source)):
        return source
    bare, query = _parted(source[_end_of_user(source, match.end()) :])
    naming = [
        (key, value)
        for key, value in parse_qsl(query)
        if key.lower() in NAMING and not _looks_secret(value)
    ]
    place = match.group() + _hide_in_path(bare)
    return f"{place}?{urlencode(naming)}" if naming else place


def holds_secret(source: str) -> bool:
    """Whether a data source seems to hold a password, a token or a signature itself."""
    if not (match := _SCHEME.match(source)):
        return False
    start = _end_of_user(source, match.end())
    bare, query = _parted(source[start:])
    pairs = [part.partition("=") for part in re.split("[&;]", query)]
    in_query = [
        value
        for key, _, value in pairs
        if _KEY.fullmatch(_decoded(key)) and not _VARIABLE.fullmatch(value)
    ]
    return start > match.end() or _hide_in_path(bare) != bare or any(in_query)


def _parted(location: str) -> tuple[str, str]:
    """Host and path of a URL, and its query."""
    bare, _, query = location.partition("#")[0].partition("?")
    return bare, query


def _end_of_user(text: str, start: int) -> int:
    """Where user and password of an address end, whose authority starts at `start`."""
    line = text[start : start + FAR].partition("\n")[0]
    match = re.match(r"[^\s/?#]*", line)
    authority = match.group() if match else ""
    if signs := list(re.finditer("@|%40", authority)):
        return start + signs[-1].end()
    host, _, port = authority.rstrip(":.,;)'\"]").partition(":")
    no_host = "." not in host and host.lower() != "localhost"
    if host.startswith("[") or not port or (port.isdigit() and not no_host):
        return start
    # A password with a / or a blank in it, which no URL may have, and people write nevertheless.
    run = line.split()[0].rfind("@") + 1
    end = run or (0 if port.isdigit() else line.find("@") + 1)
    return start + (end or (0 if port.isdigit() else len(authority)))


def _end_of_location(text: str, start: int) -> int:
    """Where host, path and query end that begin at `start`: a text does not say it."""
    match = _LOCATION.match(text, start)
    return start + len(match.group().rstrip(".,:;!?)")) if match else start


def _hide_in_location(location: str) -> str:
    """Host, path, query and fragment of a URL, without secrets."""
    before, hash_mark, fragment = location.partition("#")
    path, question, query = before.partition("?")
    text = _hide_in_path(path)
    if question:
        text += f"?{_hide_in_query(query)}"
    # MLflow's pages have paths of their own behind the #.
    kept = fragment.startswith("/")
    shown_fragment = (
        _hide_in_location(fragment.partition("#")[0]) if kept else HIDDEN
    )
    return f"{text}#{shown_fragment}" if hash_mark and fragment else text


def _hide_in_path(path: str) -> str:
    """A host and a path without `token=` in a part, `;parameters`, and what follows /token/."""
    host, *parts = path.split("/")
    shown_parts: list[str] = []
    announced = False
    for part in parts:
        name, semicolon, _ = part.partition(";")
        hidden = HIDDEN if announced and name else _without_pairs(name)
        shown_parts.append(f"{hidden};{HIDDEN}" if semicolon else hidden)
        announced = not announced and _ALONE.fullmatch(name) is not None
    return "/".join([host, *shown_parts])


def _without_pairs(segment: str) -> str:
    decoded = _decoded(segment)
    hidden = hide_secrets(decoded)
    return segment if hidden == decoded else hidden


def _hide_in_query(query: str) -> str:
    return re.sub(
        "[^&;]+", lambda match: _hide_in_pair(*match.group().partition("=")), query
    )


def _hide_in_pair(key: str, equals: str, value: str) -> str:
    if not equals or not re.fullmatch(r"[\w.%-]{1,40}", key):
        return HIDDEN
    naming = _decoded(key).lower() in NAMING and not _looks_secret(value)
    plain = _PLAIN.fullmatch(value) and not _KEY.fullmatch(_decoded(key))
    if naming or plain or not value or _VARIABLE.fullmatch(value):
        return f"{key}={value}"
    return f"{key}={HIDDEN}"


def _looks_secret(value: str) -> bool:
    """Whether a value that names the data has an address or a key inside, which does more."""
    decoded = _decoded(value)
    # An address with a query of its own is not looked into: it may hold a thousand more.
    many = "?" in decoded or len(_SCHEME.findall(decoded)) > 1
    return many or hide_secrets(decoded) != decoded


def _hide_elsewhere(text: str) -> str:
    text = _QUERY.sub(lambda match: f"?{_hide_in_query(match.group(1))}", text)
    text = _PATH.sub(_hide_in_asked_path, text)
    for pattern, hidden in _PATTERNS:
        text = pattern.sub(hidden, text)
    return text


def _hide_in_asked_path(match: re.Match[str]) -> str:
    path, parameters = match.groups()
    return _hide_in_path(path) + re.sub("=[^;]+", f"={HIDDEN}", parameters)


def _decoded(text: str) -> str:
    for _ in range(MOST_DECODED):
        text = unquote(text)
    return text
