"""Errors that a person can put right; the message says what was expected, what came and where."""


class InputError(ValueError):
    """A file, flag or form is wrong: one sentence, and nothing was changed."""
