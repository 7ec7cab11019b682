"""Verify a live OpenAI-compatible endpoint with pytest."""


class EndpointAdvice(UserWarning):
    """A finding about an endpoint that does not fail a run.

    ``pytest -W error::pytest_codex.EndpointAdvice`` makes it fail.
    """
