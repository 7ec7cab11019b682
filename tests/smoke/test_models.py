"""The models list (OpenAI reference, "List models"; playbook: public, with and without slash)."""

import pytest

from pytest_codex.exchange.excerpt import visible
from pytest_codex.exchange.models import advertises, model_ids
from pytest_codex.report.explain import advise, explain

pytestmark = pytest.mark.smoke


@pytest.mark.judges("no_error")
def test_models_answers_with_json(models_list):
    """200 and one JSON object, in time: without a key where the list is public, else with it."""
    assert models_list.status == 200, explain(models_list, "200")


def test_models_with_a_slash_answers_as_models_does(models_list, models_slash, target):
    """``/v1/models/`` is the same list: clients differ in the slash."""
    if not target.policy.models_slash:
        pytest.skip(f"target {target.name} declares models_slash = false")
    if not target.policy.models_public:
        pytest.skip("the models list is not public: only its refusal could be seen")
    assert models_slash.status == 200, explain(models_slash, "200")
    listed = sorted(map(repr, model_ids(models_list)))
    assert sorted(map(repr, model_ids(models_slash))) == listed, explain(
        models_slash, f"the models that are listed without the slash: {visible(', '.join(listed))}"
    )


def test_models_needs_a_key_unless_it_is_public(models, target):
    """Where the list is not public, nobody gets it without a key."""
    if target.policy.models_public:
        pytest.skip("the models list is public (models_public)")
    if target.policy.auth == "none":
        pytest.skip(f"target {target.name} declares that it needs no key (auth)")
    assert models.status in (401, 403), explain(models, "401 or 403 without a key")


def test_models_lists_models_each_once(models_list):
    """``object`` is ``list``, ``data`` a non-empty list of entries with distinct ids."""
    body = models_list.json_object()
    assert body.get("object") == "list", explain(
        models_list, "object to be 'list'", f"{visible(repr(body.get('object')))}"
    )
    data = body.get("data")
    assert isinstance(data, list) and data, explain(models_list, "data to be a non-empty list")
    ids = [entry.get("id") if isinstance(entry, dict) else None for entry in data]
    for number, model in enumerate(ids):
        assert isinstance(model, str) and model, explain(
            models_list, "every id to be a non-empty string", repr(model), f"data[{number}]"
        )
    twice = sorted({model for model in ids if ids.count(model) > 1})
    assert not twice, explain(models_list, "every id once", f"several times: {twice}")


def test_models_advertises_the_environments_model(models_list, target):
    """The model that this environment promises, as itself or with a suffix (playbook)."""
    ids = [model for model in model_ids(models_list) if isinstance(model, str)]
    other = target.policy.other_environment
    expected = f"{target.model} or {target.model}-… among the models"
    observed = visible(", ".join(ids) or "none")
    if not advertises(ids, target.model) and other and advertises(ids, other):
        observed = f"the wrong environment is deployed: models of {other} only ({observed})"
    assert advertises(ids, target.model), explain(models_list, expected, observed)


def test_models_head_and_options_behave(models_list, models_head, models_options, target):
    """HEAD answers as GET without a body, OPTIONS says something useful; monitors use them."""
    if target.policy.models_public and (models_head.status != 200 or models_head.body):
        advise(models_head, "HEAD of the models list to be 200", models_head.outcome)
    if models_options.status not in (200, 204):
        advise(models_options, "OPTIONS of the models list to be 200", models_options.outcome)
    assert models_list.reached, explain(models_list, "a response")
