"""The Traefik model against the real Traefik."""
