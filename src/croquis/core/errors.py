"""The one exception for bad input, so that every message has the same three parts."""


class InputError(Exception):
    """Something a person gave us is wrong: where, what was expected, what came, and the fix."""

    def __init__(
        self, where: object, *, expected: str, received: str, fix: str
    ) -> None:
        super().__init__(
            f"{where}: expected {expected}, received {received}; {fix}"
        )

    def within(self, outer: str) -> "InputError":
        """The same, said of a part of `outer`, such as a model of params.yaml."""
        error = InputError("", expected="", received="", fix="")
        error.args = (f"{outer}.{self}",)
        return error
