"""The one exception for bad input, so that every message has the same three parts."""

from croquis.core.addresses import hide_secrets


class InputError(Exception):
    """Something a person gave us is wrong: where, what was expected, what came, and the fix."""

    def __init__(
        self, where: object, *, expected: str, received: str, fix: str
    ) -> None:
        # What was received may be an address with a password in it, or name one.
        super().__init__(
            hide_secrets(
                f"{where}: expected {expected}, received {received}; {fix}"
            )
        )

    def within(self, outer: str) -> "InputError":
        """The same, said of a part of `outer`, such as a model of params.yaml."""
        error = InputError("", expected="", received="", fix="")
        error.args = (f"{outer}.{self}",)
        return error
