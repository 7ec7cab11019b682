"""The probes' names and what they ask, apart from the catalogue: fixtures are made of them in
every pytest run, so this module imports nothing."""

#: The ways to present a credential that must be refused.
REFUSED = (
    "no_credential",
    "empty_bearer",
    "wrong_key",
    "key_cut_short",
    "key_with_a_suffix",
    "basic_scheme",
    "x_api_key",
    "query",
)


def refused_name(credential: str, *, stream: bool) -> str:
    """Return the name of the probe that presents a credential which must be refused."""
    return f"{'stream' if stream else 'chat'}_with_{credential}"


#: Those probes' names: without and with a stream.
REFUSED_NAMES = tuple(refused_name(c, stream=stream) for stream in (False, True) for c in REFUSED)

#: What each probe asks, by its name.
WHAT = {
    "healthz": "the health check",
    "readyz": "the readiness check",
    "livez": "the liveness check",
    "models": "the models list",
    "models_slash": "the models list with a slash at the end",
    "models_with_key": "the models list with the key",
    "models_head": "HEAD of the models list",
    "models_options": "OPTIONS of the models list",
    "preflight": "a browser's preflight",
    "chat_without_messages": "chat without messages",
    "chat_with_broken_json": "chat with broken JSON",
    "chat_with_unknown_model": "chat with a model that does not exist",
    "unknown_path": "a path that does not exist",
    **{
        name: name.replace("_", " ").replace("stream with", "streamed chat with")
        for name in REFUSED_NAMES
    },
    "chat": "a chat completion",
    "chat_stream": "a streamed chat completion",
    "chat_stream_long": "a long streamed chat completion",
    "chat_stream_dropped": "a stream whose client goes away",
    "chat_stream_after_drop": "a streamed chat completion after a client went away",
    "healthz_after_drop": "the health check after a client went away",
}
