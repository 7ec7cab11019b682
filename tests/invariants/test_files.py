"""The files as they are written."""

import pytest

pytestmark = pytest.mark.invariants


@pytest.mark.enforces("file-is-unambiguous")
def test_the_file_is_unambiguous(findings):
    """No name is written twice, and what is referred to exists."""
    assert not findings, str(findings)


@pytest.mark.enforces("variables-are-set")
def test_no_label_depends_on_an_unset_variable(findings):
    """Nor does anything else that an invariant reads."""
    assert not findings, str(findings)


@pytest.mark.enforces("labels-take-effect")
def test_every_traefik_label_takes_effect(findings):
    """One that Traefik does not understand takes its whole container with it."""
    assert not findings, str(findings)


@pytest.mark.enforces("no-literal-secret")
def test_no_secret_is_written_into_the_file(findings):
    """By the names of variables, and by what keys look like."""
    assert not findings, str(findings)


@pytest.mark.enforces("no-tracked-credentials")
def test_git_tracks_no_credentials(common_findings):
    """Neither ``auth.json`` nor the like."""
    assert not common_findings, str(common_findings)


@pytest.mark.enforces("model-agrees-with-docker")
def test_docker_compose_reads_the_files_as_they_were_judged(findings):
    """By ``docker compose config``, where there is one; it needs no engine."""
    assert not findings, str(findings)
