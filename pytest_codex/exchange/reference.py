"""Values that the OpenAI API reference and the playbook name."""

from __future__ import annotations

#: Why an answer may end ("The chat completion object").
FINISH_REASONS = frozenset({"stop", "length", "tool_calls", "content_filter", "function_call"})
#: What the proxy says in place of an answer when its backend said nothing.
FALLBACK_TEXTS = frozenset({"No output from backend."})
