"""The one error of this package."""


class AnalysisInputError(ValueError):
    """Input that cannot be analysed; the message says what was expected, what came, and where."""
