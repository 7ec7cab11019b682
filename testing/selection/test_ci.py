"""What GitHub and GitLab say a run is about, and what is made of it in real repositories."""

from __future__ import annotations

import pytest

from pytest_codex.selection.changes import Everything
from pytest_codex.selection.ci import Base, base_in_ci

ZERO = "0" * 40
SHA = "a" * 40
OTHER = "b" * 40


def github(name, event):
    return base_in_ci({"GITHUB_EVENT_NAME": name, "CI": "true"}, event)


def gitlab(**variables):
    return base_in_ci({"GITLAB_CI": "true", "CI": "true", **variables})


def push(**changed):
    repository = {"default_branch": "main"}
    return {"ref": "refs/heads/x", "before": SHA, "repository": repository, **changed}


@pytest.mark.parametrize(
    ("found", "ref", "forked"),
    [
        (github("pull_request", {"pull_request": {"base": {"sha": SHA}}}), SHA, True),
        (github("push", push()), SHA, False),
        (github("push", push(ref="refs/heads/main")), SHA, False),
        (github("push", push(before=ZERO)), "refs/remotes/origin/main", True),
        (github("merge_group", {"merge_group": {"base_sha": SHA}}), SHA, False),
        (gitlab(CI_MERGE_REQUEST_DIFF_BASE_SHA=SHA, CI_COMMIT_BEFORE_SHA=ZERO), SHA, False),
        (gitlab(CI_PIPELINE_SOURCE="push", CI_COMMIT_BEFORE_SHA=SHA), SHA, False),
        (
            gitlab(CI_PIPELINE_SOURCE="push", CI_COMMIT_BEFORE_SHA=ZERO,
                   CI_DEFAULT_BRANCH="main", CI_COMMIT_BRANCH="x"),
            "refs/remotes/origin/main", True,
        ),
    ],
)  # fmt: skip
def test_a_run_about_a_change_has_a_base(found, ref, forked):
    """Compared from where histories parted, or as it is where the event names both ends."""
    assert isinstance(found, Base)
    assert (found.ref, found.forked, found.worktree) == (ref, forked, False)
    assert found.said
    assert found.mend


HEAD, MERGE = "c" * 40, "d" * 40


@pytest.mark.parametrize(
    ("name", "event", "said"),
    [
        ("pull_request", {"pull_request": {"base": {"sha": SHA}, "head": {"sha": HEAD}}},
         "the head of the pull request"),
        ("push", push(after=HEAD), "what was pushed"),
        ("push", push(after=HEAD, before=ZERO), "what was pushed"),
        ("merge_group", {"merge_group": {"base_sha": SHA, "head_sha": HEAD}},
         "the head of the merge group"),
    ],
)  # fmt: skip
def test_a_run_on_github_says_what_is_to_be_checked_out(name, event, said):
    """The event does, and GITHUB_SHA, which is the merge commit that GitHub has made."""
    found = base_in_ci({"GITHUB_EVENT_NAME": name, "GITHUB_SHA": MERGE}, event)
    assert isinstance(found, Base)
    assert found.head is not None
    assert (found.head.commits, found.head.said) == ((HEAD, MERGE), said)


def test_a_pipeline_of_gitlab_says_what_is_to_be_checked_out():
    """Its commit."""
    found = gitlab(CI_MERGE_REQUEST_DIFF_BASE_SHA=SHA, CI_COMMIT_SHA=MERGE)
    assert isinstance(found, Base)
    assert found.head is not None
    assert found.head.commits == (MERGE,)
    unsaid = gitlab(CI_MERGE_REQUEST_DIFF_BASE_SHA=SHA, CI_COMMIT_SHA="--output=x")
    assert isinstance(unsaid, Base)
    assert unsaid.head is None


@pytest.mark.parametrize(
    ("found", "says"),
    [
        (github("schedule", {"schedule": "0 0 * * *"}), "a schedule run is not about a change"),
        (github("workflow_dispatch", {}), "workflow_dispatch"),
        (github("pull_request_target", {"pull_request": {"base": {"sha": SHA}}}), "base checked"),
        (github("push", push(ref="refs/tags/v1")), "a tag"),
        (github("push", push(deleted=True, before=SHA)), "deleted"),
        (github("push", push(ref="refs/heads/main", before=ZERO)), "main is new"),
        (github("push", push(before=ZERO, repository={})), "GITHUB_EVENT_PATH"),
        (github("push", push(before="--output=x")), "GITHUB_EVENT_PATH"),
        (github("push", push(before=None)), "GITHUB_EVENT_PATH"),
        (github("pull_request", None), "GITHUB_EVENT_PATH"),
        (github("pull_request", []), "GITHUB_EVENT_PATH"),
        (github("pull_request", {"pull_request": {"base": "main"}}), "GITHUB_EVENT_PATH"),
        (github("merge_group", {"merge_group": {"base_sha": "main"}}), "GITHUB_EVENT_PATH"),
        (gitlab(CI_PIPELINE_SOURCE="schedule", CI_COMMIT_BEFORE_SHA=SHA), "a schedule pipeline"),
        (gitlab(CI_PIPELINE_SOURCE="web"), "a web pipeline"),
        (gitlab(CI_COMMIT_TAG="v1", CI_COMMIT_BEFORE_SHA=SHA), "a tag"),
        (gitlab(CI_PIPELINE_SOURCE="push"), "CI_COMMIT_BEFORE_SHA"),
        (gitlab(CI_PIPELINE_SOURCE="push", CI_COMMIT_BEFORE_SHA=ZERO), "CI_DEFAULT_BRANCH"),
        (
            gitlab(CI_PIPELINE_SOURCE="push", CI_COMMIT_BEFORE_SHA=ZERO,
                   CI_DEFAULT_BRANCH="main", CI_COMMIT_BRANCH="main"),
            "main is new",
        ),
        (base_in_ci({"CI": "true"}), "neither GitHub's nor GitLab's"),
    ],
)  # fmt: skip
def test_a_run_about_nothing_in_particular_is_about_everything(found, says):
    """And it says why, and how to compare nevertheless."""
    assert isinstance(found, Everything)
    assert says in found.reason
    assert found.mend


@pytest.mark.parametrize("environ", [{}, {"CI": ""}, {"CI": "false"}])
def test_outside_ci_it_says_nothing(environ):
    """The local branch knows better."""
    assert base_in_ci(environ) is None


# -- in repositories ------------------------------------------------------------------------------


@pytest.fixture
def merged(repository):
    """A pull request as GitHub checks it out: HEAD is the merge of its head into a newer main."""
    head = repository.commit({"server.js": "changed\n"})
    repository.git("checkout", "-q", "main")
    base = repository.commit({"src/other.js": "another's\n"})
    repository.git("checkout", "-q", "--detach")
    repository.git("merge", "-q", "--no-ff", "-m", "merge", head)
    return repository, {"pull_request": {"base": {"sha": base}, "head": {"sha": head}}}


def test_a_pull_request_is_compared_with_what_it_merges_into(merged):
    """What main has got meanwhile is not its change."""
    repository, event = merged
    assert repository.changed(**repository.github("pull_request", event)) == {"server.js": "M"}


def test_a_pull_request_s_base_may_be_older_than_the_merge(merged):
    """GitHub makes the merge anew, and the event is that of long ago."""
    repository, event = merged
    event["pull_request"]["base"]["sha"] = repository.git("rev-parse", "HEAD^1^1")
    assert repository.changed(**repository.github("pull_request", event)) == {"server.js": "M"}


def test_a_pull_request_s_head_is_compared_from_where_it_parted(merged):
    """For workflows that check out the head instead of the merge."""
    repository, event = merged
    repository.git("checkout", "-q", "--detach", "feature")
    assert repository.changed(**repository.github("pull_request", event)) == {"server.js": "M"}


def test_a_pull_request_with_something_else_checked_out_runs_everything(merged):
    """That the base is as the base is says nothing of the pull request."""
    repository, event = merged
    head = event["pull_request"]["head"]["sha"]
    environ = {**repository.github("pull_request", event), "GITHUB_SHA": SHA}
    repository.git("checkout", "-q", "main")
    found = repository.unknown(**environ)
    assert "something else is checked out" in found.reason
    assert f"than the head of the pull request ({head[:12]})" in found.reason
    assert "actions/checkout without ref" in found.mend


def test_a_merge_that_was_made_anew_is_known_by_github_s_name_for_it(merged):
    """Its second parent is not what the event of long ago calls the head."""
    repository, event = merged
    event["pull_request"]["head"]["sha"] = OTHER
    environ = repository.github("pull_request", event)
    assert "something else" in repository.unknown(**environ).reason
    merge = repository.git("rev-parse", "HEAD")
    assert repository.changed(**environ, GITHUB_SHA=merge) == {"server.js": "M"}


def test_what_was_committed_on_top_of_a_head_contains_it(merged):
    """By a step of the workflow before this one."""
    repository, event = merged
    repository.git("checkout", "-q", "feature")
    repository.commit({"src/utils.js": "formatted\n"})
    environ = repository.github("pull_request", event)
    assert repository.changed(**environ) == {"server.js": "M", "src/utils.js": "M"}


@pytest.mark.parametrize(
    ("name", "keys"),
    [("push", ("before", "after")), ("merge_group", ("base_sha", "head_sha"))],
)
def test_what_was_pushed_or_queued_has_to_be_checked_out(repository, name, keys):
    """And is compared then."""
    base = repository.git("rev-parse", "HEAD")
    head = repository.commit({"server.js": "changed\n"})
    ends = dict(zip(keys, (base, head), strict=True))
    event = push(**ends) if name == "push" else {"merge_group": ends}
    environ = repository.github(name, event)
    assert repository.changed(**environ) == {"server.js": "M"}
    repository.git("checkout", "-q", "main")
    assert "something else is checked out" in repository.unknown(**environ).reason


def test_a_pipeline_of_gitlab_has_to_have_its_commit_checked_out(merged):
    """A merged result's is the merge."""
    repository, event = merged
    merge = repository.git("rev-parse", "HEAD")
    base = event["pull_request"]["base"]["sha"]
    environ = {"GITLAB_CI": "true", "CI_MERGE_REQUEST_DIFF_BASE_SHA": base, "CI_COMMIT_SHA": merge}
    assert repository.changed(**environ) == {"server.js": "M"}
    repository.git("checkout", "-q", "main")
    found = repository.unknown(**environ)
    assert "than the pipeline's commit" in found.reason
    assert "CI_COMMIT_SHA" in found.mend


def test_two_commits_of_history_are_enough_for_a_pull_request(merged, tmp_path):
    """One is not, and it says how many are."""
    repository, event = merged
    environ = repository.github("pull_request", event)
    repository.git("branch", "-f", "pull", "HEAD")
    two = repository.cloned(tmp_path / "two", "--depth=2", "--branch=pull")
    assert two.changed(**environ) == {"server.js": "M"}
    one = repository.cloned(tmp_path / "one", "--depth=1", "--branch=pull")
    merge = one.git("rev-parse", "HEAD")
    for known in ({}, {"GITHUB_SHA": merge}):
        found = one.unknown(**environ, **known)
        assert "git does not know the base of the pull request" in found.reason
    assert "fetch-depth: 0 (2 is enough" in found.mend


def test_a_shallow_clone_does_not_guess_where_histories_parted(merged, tmp_path):
    """The base is there, the commit at which the head left it is not."""
    repository, event = merged
    shallow = repository.cloned(
        tmp_path / "shallow", "--depth=1", "--no-single-branch", "--branch=feature"
    )
    found = shallow.unknown(**repository.github("pull_request", event))
    assert "shallow" in found.reason
    assert "fetch-depth: 0" in found.mend


def test_a_push_is_compared_with_what_was_there(repository):
    """Also a forced one, which takes commits away."""
    before = repository.commit({"server.js": "changed\n"})
    repository.git("reset", "-q", "--hard", "HEAD^")
    repository.commit({"Dockerfile": "FROM other\n"})
    event = push(before=before, forced=True)
    assert repository.changed(**repository.github("push", event)) == {
        "server.js": "M", "Dockerfile": "M",
    }  # fmt: skip


def test_a_push_over_what_is_gone_runs_everything(repository):
    """No fetch brings it back."""
    found = repository.unknown(**repository.github("push", push(before=SHA, forced=True)))
    assert f"what was there before the push ({SHA})" in found.reason
    assert "--changed-since" in found.mend


def test_a_new_branch_is_compared_with_the_default_branch(repository, tmp_path):
    """From where it parted."""
    repository.commit({"server.js": "changed\n"})
    clone = repository.cloned(tmp_path / "clone")
    event = push(ref="refs/heads/feature", before=ZERO)
    assert clone.changed(**clone.github("push", event)) == {"server.js": "M"}
    assert clone.changed(
        GITLAB_CI="true", CI_PIPELINE_SOURCE="push", CI_COMMIT_BEFORE_SHA=ZERO,
        CI_DEFAULT_BRANCH="main", CI_COMMIT_BRANCH="feature",
    ) == {"server.js": "M"}  # fmt: skip


def test_a_merge_group_is_compared_with_its_base(repository):
    """As GitHub names it."""
    base = repository.git("rev-parse", "HEAD")
    repository.commit({"server.js": "changed\n"})
    event = {"merge_group": {"base_sha": base}}
    assert repository.changed(**repository.github("merge_group", event)) == {"server.js": "M"}


def test_a_schedule_runs_everything(repository):
    """It is about no change."""
    assert "schedule" in repository.unknown(**repository.github("schedule", {})).reason


def test_a_merge_request_of_gitlab_is_compared_with_its_base(repository, tmp_path):
    """Which is not to be fetched where all there is has been."""
    base = repository.git("rev-parse", "HEAD")
    repository.commit({"server.js": "changed\n"})
    environ = {"GITLAB_CI": "true", "CI_MERGE_REQUEST_DIFF_BASE_SHA": base}
    assert repository.changed(**environ) == {"server.js": "M"}
    environ["CI_MERGE_REQUEST_DIFF_BASE_SHA"] = SHA
    assert "--changed-since=REF" in repository.unknown(**environ).mend
    repository.commit({"server.js": "changed again\n"})
    shallow = repository.cloned(tmp_path / "shallow", "--depth=1", "--branch=feature")
    assert "GIT_DEPTH: 0" in shallow.unknown(**environ).mend


def test_a_merged_result_of_gitlab_is_compared_with_what_it_merges_into(merged):
    """Its base is older: what the target branch has got meanwhile is no change of the request."""
    repository, event = merged
    request = event["pull_request"]
    environ = {
        "GITLAB_CI": "true",
        "CI_COMMIT_SHA": repository.git("rev-parse", "HEAD"),
        "CI_MERGE_REQUEST_DIFF_BASE_SHA": repository.git("rev-parse", "HEAD^1^1"),
    }
    assert repository.changed(**environ) == {"server.js": "M", "src/other.js": "A"}
    environ["CI_MERGE_REQUEST_SOURCE_BRANCH_SHA"] = request["head"]["sha"]
    assert repository.changed(**environ) == {"server.js": "M"}


def test_what_a_ci_job_leaves_behind_is_no_change(repository):
    """Its caches and reports are not committed."""
    before = repository.git("rev-parse", "HEAD")
    repository.write({"changed.txt": "x", "package.json": "touched by npm\n"})
    assert repository.changed(**repository.github("push", push(before=before))) == {}


@pytest.mark.parametrize("content", [None, b"", b"{", b"\xff", b"[]", b"[" * 100_000, b"null"])
def test_an_event_that_cannot_be_read_runs_everything(repository, content):
    """No file, no JSON, or none that GitHub would write."""
    path = repository.root.parent / "event.json"
    if content is not None:
        path.write_bytes(content)
    environ = {"GITHUB_EVENT_NAME": "pull_request", "GITHUB_EVENT_PATH": str(path)}
    assert "GITHUB_EVENT_PATH" in repository.unknown(**environ).reason
