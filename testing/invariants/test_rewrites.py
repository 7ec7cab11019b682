"""No invariant cries wolf: what means the same, or no harm, breaks none of them."""

from __future__ import annotations

from pathlib import Path

import pytest

from testing.invariants.rewrites import OTHERS, REWRITES, Rewrite
from testing.invariants.stacks import EXAMPLE, EXAMPLES, Variant, broken, judged_files

_IDS = [rewrite.name for rewrite in REWRITES]


@pytest.mark.parametrize("rewrite", REWRITES, ids=_IDS)
def test_a_safe_rewrite_breaks_no_rule(rewrite: Rewrite, tmp_path: Path) -> None:
    """And leaves the rules that decide who gets in judged."""
    judgements = rewrite.variant.judged(tmp_path)
    assert [str(finding) for finding in broken(judgements)] == []
    judged = {judgement.rule.name for judgement in judgements if not judgement.unjudged}
    assert {"no-way-in", "routers-exist", "chain-order", "ports-on-loopback"} <= judged


@pytest.mark.parametrize("rewrite", REWRITES, ids=_IDS)
def test_a_rewrite_is_one(rewrite: Rewrite) -> None:
    """A row that changes nothing would prove nothing."""
    variant = rewrite.variant
    good = (EXAMPLES / EXAMPLE[variant.target]).read_text(encoding="utf-8")
    assert variant.text() != good or variant.over or variant.beside


def test_there_are_enough_rewrites_and_no_two_are_called_the_same() -> None:
    """At least sixty."""
    assert len(set(_IDS)) == len(REWRITES) >= 60


@pytest.mark.parametrize("target", ["prod", "dev"])
@pytest.mark.parametrize("name", OTHERS)
def test_a_file_without_traefik_is_not_judged(name: str, target: str, tmp_path: Path) -> None:
    """By any rule, and without a finding."""
    file = tmp_path / "docker-compose.yml"
    file.write_text(OTHERS[name], encoding="utf-8")
    judgements = judged_files([file], target)
    assert [str(finding) for judgement in judgements for finding in judgement.findings] == []
    assert all(judgement.unjudged for judgement in judgements)


def test_the_examples_have_advice_only_for_what_is_known_of_them(tmp_path: Path) -> None:
    """That other methods than GET and HEAD reach the models list."""
    advice = [
        (finding.rule, finding.found)
        for judgement in Variant(()).judged(tmp_path)
        for finding in judgement.advice
    ]
    assert advice == [
        (
            "routers-answer-what-they-must",
            "router codex-models lets POST /v1/models through without a key",
        )
    ]
