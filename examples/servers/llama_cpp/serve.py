"""llama.cpp's own HTTP server, from the xllamacpp wheel:  python serve.py MODEL.gguf [PORT]

The key is LLAMA_API_KEY, as for ``llama-server``.
"""

import os
import signal
import sys

import xllamacpp


def main() -> None:
    params = xllamacpp.CommonParams()
    params.model.path = sys.argv[1]
    params.model_alias = {"codev-5"}
    params.hostnames = ["127.0.0.1"]
    params.port = int(sys.argv[2]) if len(sys.argv) > 2 else 8080
    params.api_keys = [os.environ["LLAMA_API_KEY"]]
    params.n_parallel = 4
    # The default, *, does not cover Authorization (Fetch standard): no browser could send the key.
    params.cors_headers = "Authorization, Content-Type"
    server = xllamacpp.Server(params)
    print(server.listening_address, flush=True)  # noqa: T201
    signal.sigwait({signal.SIGINT, signal.SIGTERM})


if __name__ == "__main__":
    main()
