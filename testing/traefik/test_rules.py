"""The grammar of rules, with the places where they are wrong; regular expressions; matching."""

from __future__ import annotations

import pytest

from pytest_codex.traefik.matching import compile_rule, matches
from pytest_codex.traefik.regexes import RegexError, compile_regex
from pytest_codex.traefik.requests import (
    Request,
    canonical_host,
    query_values,
    raw_path,
    routing_path,
)
from pytest_codex.traefik.rules import And, Matcher, Not, Or, RuleError, matchers, parse


def plain(expression):
    """An expression without positions."""
    match expression:
        case Matcher(name, args):
            return (name, *args)
        case Not(operand):
            return ("!", plain(operand))
        case And(operands):
            return ("&&", *map(plain, operands))
        case Or(operands):
            return ("||", *map(plain, operands))


A, B, C = ("Host", "a"), ("Path", "/b"), ("Method", "C")
GOOD = (
    ("Host(`a`)", A),
    ('host("a")', A),
    ("HOST(`a`,)", A),
    ("Host(`a`...)", A),
    (" ( ( Host ( `a` ) ) ) ", A),
    ("!Host(`a`)", ("!", A)),
    ("!!Host(`a`)", ("!", ("!", A))),
    ("Host(`a`) && Path(`/b`)", ("&&", A, B)),
    ("Host(`a`)&&Path(`/b`)&&Method(`C`)", ("&&", A, B, C)),
    ("Host(`a`) || Path(`/b`) && Method(`C`)", ("||", A, ("&&", B, C))),
    ("(Host(`a`) || Path(`/b`)) && Method(`C`)", ("&&", ("||", A, B), C)),
    ("!(Host(`a`) || Path(`/b`))", ("!", ("||", A, B))),
    ("!Host(`a`) && Path(`/b`)", ("&&", ("!", A), B)),
    ("Host(`a`) &&\n  Path(`/b`)", ("&&", A, B)),
    ("Host(`a`) /* x */ && // y\nPath(`/b`)", ("&&", A, B)),
    ("Host(`a`)\n", A),
    ('Path("/\\142")', B),
    ('Path("\\u002f\\x62")', B),
    ("Header(`X-A`, `1`)", ("Header", "X-A", "1")),
)

BAD = (
    ("", 0, "expected a matcher"),
    ("Host(`a`) and Path(`/b`)", 10, "expected &&"),
    ("Host(`a`) & Path(`/b`)", 10, "expected &&"),
    ("Host(`a`) &&", 12, "the end of the rule"),
    ("Host(`a`)\n&& Path(`/b`)", 9, "the line break ends the expression"),
    ("Host(`a`", 8, "expected )"),
    ("(Host(`a`)", 10, "expected )"),
    ("Host(`a`))", 9, "expected &&"),
    ("Host(`a", 5, "no partner"),
    ('Host("a', 5, "no partner"),
    ("Host(a)", 5, "expected a string"),
    ("Host('a')", 5, "expected a string"),
    ("Host(1)", 5, "expected a string"),
    ("Host()", 0, "needs an argument"),
    ("Path(`/`) && Host(``)", 18, "empty argument"),
    ("Host(`a`, `b`)", 0, "takes 1 argument, not 2"),
    ("Header(`a`)", 0, "takes 2 arguments, not 1"),
    ("Host(`a`) && pathPrefix(`/`)", 13, "PathPrefix"),
    ("Host(`a`) && Headers(`a`, `b`)", 13, "v2 only"),
    ("Nope(`a`)", 0, "no matcher"),
    ('Path("/\\q")', 7, "no such escape"),
    ('Path("/\\400")', 7, "no such escape"),
    ('Path("/\\ud800")', 7, "no Unicode character"),
    ("Host(`a`) # x", 10, "cannot contain '#'"),
    ("Host(`a`) /* x", 10, "does not end"),
    ("Host(`a`)\x00", 9, "cannot contain"),
    ("!" * 300 + "Host(`a`)", 200, "nests too deeply"),
    ("(" * 300, 200, "nests too deeply"),
)


@pytest.mark.parametrize(("rule", "expected"), GOOD, ids=[rule for rule, _ in GOOD])
def test_a_rule_is_read_as_go_reads_it(rule, expected):
    """Precedence, spellings, comments, strings."""
    assert plain(parse(rule)) == expected


@pytest.mark.parametrize(
    ("rule", "position", "message"), BAD, ids=[rule[:30] or "empty" for rule, _, _ in BAD]
)
def test_what_is_wrong_with_a_rule_has_a_place(rule, position, message):
    """The message says what, the position says where."""
    with pytest.raises(RuleError) as caught:
        parse(rule)
    assert caught.value.position == position
    assert message in caught.value.message


def test_an_expression_is_written_as_a_rule_that_means_the_same():
    """Whatever parentheses it takes."""
    for rule, expected in GOOD:
        assert plain(parse(str(parse(rule)))) == expected


def test_matchers_know_where_they_stand():
    """From left to right."""
    found = [
        (each.name, each.position) for each in matchers(parse("a" and "!(Host(`a`)||Path(`/`))"))
    ]
    assert found == [("Host", 2), ("Path", 13)]


VALUES = (
    ("Path(`a`)", "slash"),
    ("Host(`ä`)", "ASCII"),
    ("HostRegexp(`ä`)", "ASCII"),
    ("PathRegexp(`(?=a)`)", "Perl syntax"),
    ("HeaderRegexp(`a`, `a**`)", "nested repetition"),
    ("ClientIP(`300.1.1.1`)", "300.1.1.1"),
    ("ClientIP(`1.2.3.4/33`)", "33"),
)


@pytest.mark.parametrize(("rule", "message"), VALUES, ids=[rule for rule, _ in VALUES])
def test_what_is_wrong_with_a_value_has_the_place_of_its_matcher(rule, message):
    """As part of a larger rule."""
    with pytest.raises(RuleError, match=message) as caught:
        compile_rule(f"Method(`GET`) && {rule}")
    assert caught.value.position == 17


MATCHING = (
    ("Host(`A.Test`)", Request(host="a.test:8443"), True),
    ("Host(`a.test.`)", Request(host="a.test"), True),
    ("Host(`a.test`)", Request(host="A.TEST."), True),
    ("Host(`a.test:443`)", Request(host="a.test:443"), False),
    ("Host(`*.test`)", Request(host="a.test"), True),
    ("Host(`*.test`)", Request(host="b.a.test"), False),
    ("Host(`*`)", Request(host=""), True),
    ("HostRegexp(`^(a)?$`)", Request(host="anything"), True),
    ("HostRegexp(`^a$`)", Request(host="ab"), False),
    ("HostRegexp(`A`)", Request(host="A"), False),
    ("Method(`get`)", Request(method="GET"), True),
    ("Method(`GET`)", Request(method="get"), False),
    ("PathPrefix(`/v1`)", Request(path="/v1x"), True),
    ("Path(`/v1`)", Request(path="/v1/"), False),
    ("Path(`/a b`)", Request(path="/a%20b"), True),
    ("Path(`/a%20b`)", Request(path="/a%20b"), False),
    ("Path(`/a%2Fb`)", Request(path="/a%2fb"), True),
    ("Path(`/a/b`)", Request(path="/a%2fb"), False),
    ("Path(`/v1`)", Request(path="//x/.././v1"), True),
    ("PathRegexp(`v1`)", Request(path="/api/v1/x"), True),
    ("Header(`x-a`, `1`)", Request(headers=(("X-A", "1"),)), True),
    ("Header(`x-a`, `1`)", Request(headers=(("X-A", "2"), ("x-a", " 1 "))), True),
    ("Header(`x-a`, `1`)", Request(headers=(("X-A", "11"),)), False),
    ("HeaderRegexp(`x-a`, `1`)", Request(headers=(("X-A", "11"),)), True),
    ("HeaderRegexp(`x-a`, `.*`)", Request(), False),
    ("Header(`Host`, `a`)", Request(host="a", headers=(("Host", "a"),)), False),
    ("Header(`X-Forwarded-Proto`, `https`)", Request(tls=True), True),
    ("Header(`X-Forwarded-Proto`, `x`)", Request(headers=(("X-Forwarded-Proto", "x"),)), False),
    ("Query(`a`)", Request(query="a"), True),
    ("Query(`a`)", Request(query="a=1"), False),
    ("Query(`a`, `1 2`)", Request(query="b=3&a=0&a=1+2"), True),
    ("QueryRegexp(`a`, `^[0-9]+$`)", Request(query="a=x;a=12"), True),
    ("ClientIP(`10.0.0.0/8`)", Request(client_ip="10.1.2.3"), True),
    ("ClientIP(`10.0.0.0/8`)", Request(client_ip="::ffff:10.1.2.3"), True),
    ("ClientIP(`::/0`)", Request(client_ip="10.1.2.3"), False),
    ("!Path(`/`)", Request(), False),
    ("Path(`/x`) || Method(`GET`) && Path(`/`)", Request(), True),
)


@pytest.mark.parametrize(("rule", "request_", "expected"), MATCHING,
                         ids=[f"{row[0]} {n}" for n, row in enumerate(MATCHING)])  # fmt: skip
def test_a_rule_matches(rule, request_, expected):
    """As it does in Traefik; random rules and requests are compared in test_oracle.py."""
    assert matches(compile_rule(rule), request_) is expected


V2 = (
    ("Host(`a`, `b`)", Request(host="b"), True),
    ("HostRegexp(`{sub:[a-z]+}.a.test`)", Request(host="x.a.test"), True),
    ("HostRegexp(`{sub:[a-z]+}.a.test`)", Request(host="x.y.a.test"), False),
    ("Path(`/u/{id:[0-9]+}`)", Request(path="/u/12"), True),
    ("Path(`/u/{id}`)", Request(path="/u/a/b"), False),
    ("PathPrefix(`/u/{id}`)", Request(path="/u/a/b"), True),
    ("Method(`GET`, `POST`)", Request(method="POST"), True),
    ("Headers(`A`, `1`)", Request(headers=(("a", "1"),)), True),
    ("HeadersRegexp(`A`, `^1`)", Request(headers=(("a", "12"),)), True),
    ("Query(`a=1`, `b={v:[0-9]+}`)", Request(query="b=22&a=1"), True),
    ("Query(`a=1`)", Request(query="a=2&a=1"), False),
)


@pytest.mark.parametrize(("rule", "request_", "expected"), V2,
                         ids=[f"{rule} {n}" for n, (rule, _, _) in enumerate(V2)])  # fmt: skip
def test_a_rule_of_syntax_v2_matches(rule, request_, expected):
    """Several values for one matcher, and templates."""
    assert matches(compile_rule(rule, "v2"), request_) is expected


@pytest.mark.parametrize("rule", ["Path(`/{a`)", "Path(`/{}`)", "Path(`/{a:}`)", "Headers(`a`)",
                                  "Query(`a`)", "PathRegexp(`a`)", "Path(`a`)"])  # fmt: skip
def test_a_rule_of_syntax_v2_is_refused(rule):
    """Broken templates, odd numbers of arguments, and what only v3 knows."""
    with pytest.raises(RuleError):
        compile_rule(rule, "v2")


PATHS = (
    ("/", "/"), ("//", "/"), ("/a//b/", "/a/b/"), ("/a/./b", "/a/b"), ("/a/../b", "/b"),
    ("/..", "/"), ("/a/.", "/a"), ("/a/./", "/a/"), ("/%2e%2E/a", "/a"), ("/%76%31", "/v1"),
    ("/a%2Fb", "/a%2Fb"), ("/a%2fb", "/a%2Fb"), ("/a%20b", "/a b"), ("/%C3%A9", "/é"),
    ("/é", "/é"), ("/%FF", "/\ufffd"), ("/a|b", "/a|b"), ("/a|b!", "/a|b%21"), ("/a!b", "/a!b"),
    ("/(a)", "/(a)"), ("/a%25", "/a%25"), ("/a%7Cb%21", "/a|b%21"), ("/%00", "/\x00"),
    ("/~a", "/~a"), ("/%7ea", "/~a"), ("/A", "/A"), ("/a#b", None), ("/%", None), ("/%zz", None),
    ("/a b", None), ("a", None), ("*", None), ("", None),
)  # fmt: skip


@pytest.mark.parametrize(("sent", "expected"), PATHS, ids=[sent or "empty" for sent, _ in PATHS])
def test_a_path_becomes_what_routers_see(sent, expected):
    """And a path that is made for a routing path leads to it."""
    assert routing_path(sent) == expected
    if expected is not None and "\ufffd" not in expected:
        assert routing_path(raw_path(expected)) == expected


def test_paths_can_be_left_as_they_are_sent():
    """Where the entry point says so; escapes are undone all the same."""
    assert routing_path("/a//../%62", sanitize=False) == "/a//../b"


@pytest.mark.parametrize(
    ("host", "expected"),
    [("A.b:1", "a.b"), ("[::1]:80", "::1"), ("[::1]", "::1"), (" a ", "a"), (":80", ""), ("", "")],
)
def test_a_host_loses_its_port_and_its_capitals(host, expected):
    """And the brackets of an address."""
    assert canonical_host(host) == expected


def test_a_query_is_read_as_go_reads_it():
    """Malformed pairs are left out; a semicolon separates."""
    assert query_values("a=1&a=2;b&=x&c=%zz&d+e=%20") == {
        "a": ["1", "2"], "b": [""], "": ["x"], "d e": [" "],
    }  # fmt: skip


def test_a_curl_line_can_be_pasted_into_a_shell():
    """With quotes where they are needed."""
    request = Request("POST", "a.test", "/x'y", (("X-A", "1 2"),), "q=1&r=2")
    expected = "curl -i --path-as-is -X POST -H 'X-A: 1 2' 'https://a.test/x'\\''y?q=1&r=2'"
    assert request.curl() == expected


SEARCHES = (
    ("a", "bab", True), ("^a$", "a\n", False), ("(?m)^a$", "b\na", True), (".", "\n", False),
    ("(?s).", "\n", True), ("[^a]", "\n", True), ("\\bx\\b", "a x.", True), ("\\Bx", "ax", True),
    ("(?i)straSSe", "STRASSE", True), ("(?i)k", "\u212a", True), ("\\d", "٣", False),
    ("\\pN", "٣", True), ("\\w", "é", False), ("[[:alpha:]]+$", "ab1", False),
    ("a(?i)b|C", "c", True), ("a{2,3}$", "baaa", True), ("^(a|b)*c", "ababc", True),
    ("^(a*)*$", "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaab", False), ("\\Q.*\\E", "a.*", True),
    ("x*", "", True), ("[]a]", "]", True), ("\\x{1F600}", "😀", True), ("(?i)[^a]", "A", False),
    ("$^", "", True), ("[a-]", "-", True), ("(|a)+$", "b", True), ("\\C?", "", None),
)  # fmt: skip


@pytest.mark.parametrize(("pattern", "text", "expected"), SEARCHES,
                         ids=[pattern for pattern, _, _ in SEARCHES])  # fmt: skip
def test_a_regular_expression_matches_as_in_go(pattern, text, expected):
    """Unanchored, on characters, in linear time. None means that it is refused."""
    if expected is None:
        with pytest.raises(RegexError):
            compile_regex(pattern)
    else:
        assert compile_regex(pattern).search(text) is expected
