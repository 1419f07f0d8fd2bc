"""The one exception for bad input, so that every message has the same three parts."""


class InputError(Exception):
    """Something a person gave us is wrong: where, what was expected, what came, and the fix."""

    def __init__(self, where: object, *, expected: str, received: str, fix: str) -> None:
        super().__init__(f"{where}: expected {expected}, received {received}; {fix}")
