"""The embedded endpoint: an OpenAI-compatible endpoint that can be told to misbehave.

It runs in a process of its own (`launcher.launch`, or `python -m pytest_codex.endpoint`) and knows
nothing of the checks: it imports nothing else of this package, so that it cannot mark its own work.

values       what a request, an answer and a configuration are; no I/O
answers      a request to the answer that a healthy Codex Completions API gives; no I/O
defects      the ways in which an answer can be wrong, or unusual and still right; no I/O
certificates a CA and a server certificate
app          plays answers over HTTP/1.1
launcher     starts the process and stops it; standard library only
"""
