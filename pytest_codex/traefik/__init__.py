"""What Traefik makes of labels. Knows compose files as data only."""
