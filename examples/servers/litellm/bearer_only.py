"""LiteLLM's custom_auth: the master key as a bearer token; 401 for everything else."""

import os
import secrets

from fastapi import Request
from litellm.proxy._types import ProxyException, UserAPIKeyAuth


async def authenticate(request: Request, api_key: str) -> UserAPIKeyAuth:  # noqa: ARG001 - passed by name
    key = os.environ["LITELLM_MASTER_KEY"]
    scheme, _, token = request.headers.get("authorization", "").partition(" ")
    if scheme.lower() == "bearer" and secrets.compare_digest(token.encode(), key.encode()):
        return UserAPIKeyAuth(api_key=key)
    raise ProxyException("Invalid API key", type="invalid_request_error", param=None, code=401)
