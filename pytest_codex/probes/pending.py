"""A request that is under way, as it stands at one moment."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Pending:
    """What is known of an exchange before it is over; all times are in seconds.

    ``waited`` counts from its start, ``limit`` is what it may come to, by the budget of that name
    (without ``-timeout``). ``sent`` is whether the request is out, ``status`` None until a response
    has begun, ``quiet`` how long ago the last bytes came.
    """

    target: str
    probe: str
    waited: float
    limit: float
    budget: str
    sent: bool = False
    status: int | None = None
    size: int = 0
    events: int = 0
    quiet: float = 0.0
