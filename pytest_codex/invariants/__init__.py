"""The playbook's rules over compose files, by what Traefik would do with them."""
