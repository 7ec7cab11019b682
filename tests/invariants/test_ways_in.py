"""Nobody gets past the authentication: proved over all requests, not tried on some.

What Traefik would do with the labels is computed by a model of it: a router whose middleware does
not exist is gone, and its requests fall to the next router that matches.
"""

import pytest

pytestmark = pytest.mark.invariants

#: What is public by the playbook, by any method, and where a router serves them readiness and
#: liveness.
PUBLIC = ("/v1/models", "/v1/models/", "/healthz", "/readyz", "/livez")


def test_no_request_reaches_the_application_without_forwardauth(deployment):
    """By no method, host, path, header, query or address, but for the public paths."""
    ways = [
        f"{way.at}: router {way.router.name} lets in: {way.request.curl()}"
        for way in deployment.ways_in(PUBLIC)
    ]
    assert not ways, (
        "a request without a key reaches the application; next: put ForwardAuth into the router's "
        "chain, or narrow its rule\n" + "\n".join(ways[:10])
    )
    assert deployment.is_proved, (
        "the rules are too intricate to be proved safe; next: use fewer regular expressions"
    )


def test_no_published_port_leads_past_traefik(deployment):
    """Ports are published on the host's loopback only."""
    found = [
        f"{port.at}: service {service.name} publishes port {port.target} on "
        f"{port.host_ip or 'every address'}"
        for service, port in deployment.open_ports()
    ]
    assert not found, (
        "a published port is reached without Traefik and so without a key; next: publish it on "
        "127.0.0.1\n" + "\n".join(found)
    )
