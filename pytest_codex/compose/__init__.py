"""Compose files as data. Knows nothing of Traefik."""
