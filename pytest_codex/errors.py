"""The one error that is ours or the user's. What an endpoint does wrong is evidence instead."""

from __future__ import annotations

import difflib
from collections.abc import Iterable


class ConfigurationError(Exception):
    """A setting cannot be used: its message says what, where it came from and what to do.

    The hooks turn it into a usage error: exit code 4 and no traceback.
    """


def did_you_mean(given: str, valid: Iterable[str]) -> str:
    """Return ``" (did you mean 'x'?)"`` when a valid name is near to the given one, else ``""``."""
    near = difflib.get_close_matches(given, list(valid), n=1)
    return f" (did you mean {near[0]!r}?)" if near else ""
