"""Runs in a user's repository, as in testing/plugin."""

from __future__ import annotations

from testing.plugin.conftest import _nothing_is_set, deployed, healthy, project

__all__ = ["_nothing_is_set", "deployed", "healthy", "project"]
