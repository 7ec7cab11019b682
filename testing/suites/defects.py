"""What each defect of the embedded endpoint must turn red, and nothing else.

Thought out from what the defect is and what the checks are for, not copied from a run. A check is
the name of its function without ``test_``, with the parameter that says on which exchange.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

STREAMS = ("chat_stream", "chat_stream_long")
MISTAKES = (
    "chat_with_broken_json",
    "chat_without_messages",
    "chat_with_unknown_model",
    "unknown_path",
)


@dataclass(frozen=True, slots=True)
class Row:
    """The checks that fail, and those that give advice; all others pass or are skipped.

    ``or_else`` is what fails instead where it depends on which of two requests comes first.
    """

    defect: str
    red: frozenset[str]
    advice: frozenset[str] = frozenset()
    or_else: frozenset[str] = frozenset()
    declares: Mapping[str, object] = field(default_factory=dict)


def rows(
    defects: str,
    *red: str,
    advice: tuple[str, ...] = (),
    or_else: tuple[str, ...] = (),
    **declares: object,
) -> Iterator[Row]:
    """A row for each of the defects, all of which are the same to the checks."""
    for defect in defects.split():
        yield Row(defect, frozenset(red), frozenset(advice), frozenset(or_else), declares)


def on_streams(*checks: str) -> tuple[str, ...]:
    """The checks on each of the streams whose whole contract is verified."""
    return tuple(f"{check}[{stream}]" for check in checks for stream in STREAMS)


def refused(*credentials: str) -> tuple[str, ...]:
    """The check that each of these credentials is refused, with a stream and without."""
    return tuple(
        f"a_wrong_credential_is_refused[{kind}_with_{credential}]"
        for credential in credentials
        for kind in ("chat", "stream")
    )


def mistakes(*probes: str) -> tuple[str, ...]:
    """The check of how these mistakes are answered."""
    return tuple(f"a_mistake_is_answered_4xx_without_a_stack_trace[{probe}]" for probe in probes)


#: What a hop can answer in place of the application: the ends of the defects' names.
RESPONSES = (
    "500_json_error 500_empty 429_json_error 429_traefik 502_traefik 504_traefik 503_traefik "
    "404_traefik 524_cloudflare 521_cloudflare 403_cloudflare_challenge 502_nginx 504_nginx "
    "200_html 302_login"
)


def answering(subject: str) -> str:
    """The defects by which a hop answers in the application's place."""
    return " ".join(f"{subject}_{response}" for response in RESPONSES.split())


HEALTH = (
    *rows(
        "healthz_html healthz_redirects healthz_not_ok healthz_without_ok healthz_ok_is_a_string "
        "healthz_content_type_is_text healthz_broken_json healthz_needs_a_key healthz_503",
        "healthz_is_ok",
    ),
    *rows(
        "readyz_not_ready readyz_not_ready_in_a_200 readyz_restarts_is_a_string "
        "readyz_restart_delay_is_null readyz_absent",
        "readyz_is_ready",
        ready_path="/readyz",
    ),
    *rows(
        "livez_not_live livez_restarts_is_a_string livez_absent",
        "livez_is_live",
        live_path="/livez",
    ),
)

MODELS = (
    # Broken altogether is one failure: the slash, HEAD and OPTIONS are skipped because of it.
    *rows(
        "models_401 models_need_a_key models_500 models_html models_broken_json",
        "models_answers_with_json",
    ),
    *rows(
        "models_object_is_wrong model_id_missing model_id_empty model_id_is_a_number "
        "model_id_twice",
        "models_lists_models_each_once",
    ),
    # What lists nothing does not list the advertised model either.
    *rows(
        "models_empty models_data_is_null",
        "models_lists_models_each_once",
        "models_advertises_the_environments_model",
    ),
    *rows(
        "models_of_the_other_environment models_without_the_advertised_one",
        "models_advertises_the_environments_model",
    ),
    *rows(
        "models_slash_404 models_slash_redirects_to_http",
        "models_with_a_slash_answers_as_models_does",
    ),
    *rows("models_head_405 models_options_500", advice=("models_head_and_options_behave",)),
)

ACCESS = (
    # Whoever needs no credential needs none of the others: they are skipped because of it.
    *rows("open_to_everyone accepts_no_key", *refused("no_credential")),
    *rows("open_on_stream_only", refused("no_credential")[1]),
    *rows("open_on_non_stream_only", refused("no_credential")[0]),
    *rows("accepts_empty_bearer", *refused("empty_bearer")),
    *rows("accepts_wrong_key", *refused("wrong_key")),
    *rows("accepts_key_prefix", *refused("key_cut_short")),
    *rows("accepts_key_with_suffix", *refused("key_with_a_suffix")),
    *rows("accepts_other_scheme", *refused("basic_scheme")),
    *rows("accepts_key_in_x_api_key", *refused("x_api_key")),
    *rows("accepts_key_in_query", *refused("query")),
    *rows("right_key_refused", "the_key_is_accepted"),
    # Every refusal is wrong in the same way: said once for streams and once for the others.
    *rows(
        "refusal_is_a_login_redirect refusal_is_500 refusal_is_html refusal_is_empty "
        "refusal_is_200",
        *refused("no_credential"),
    ),
    *rows("forwardauth_unreachable", "the_authentication_answers"),
    *rows("refusal_without_www_authenticate", advice=("a_401_says_how_to_authenticate",)),
    *rows(
        "key_echoed key_echoed_percent_encoded key_echoed_base64 key_echoed_in_header",
        "no_response_repeats_a_presented_key",
    ),
    *rows(
        "preflight_401 preflight_500 preflight_418 preflight_without_allow_origin "
        "preflight_allows_another_origin preflight_allow_origin_twice preflight_without_post "
        "preflight_without_authorization preflight_without_content_type",
        "the_preflight_lets_browsers_in",
    ),
    *rows("preflight_any_origin_with_credentials", "cors_never_admits_everybody_with_credentials"),
    *rows(
        "certificate_expired certificate_for_another_name certificate_untrusted "
        "certificate_traefik_default",
        "tls_verifies_for_the_domain",
    ),
    *rows("certificate_expires_soon", "the_certificate_lasts_for_14_more_days"),
    *rows("certificate_expires_in_weeks", advice=("the_certificate_lasts_for_14_more_days",)),
    *rows(
        "without_strict_transport_security without_x_frame_options "
        "without_x_content_type_options without_referrer_policy without_security_headers",
        advice=("promised_security_headers_are_on_the_wire",),
    ),
    # These two are nobody's business unless they were promised.
    *rows(
        "without_permissions_policy",
        "promised_security_headers_are_on_the_wire",
        security_headers=["Permissions-Policy"],
    ),
    *rows(
        "without_x_dns_prefetch_control",
        "promised_security_headers_are_on_the_wire",
        security_headers=["X-DNS-Prefetch-Control"],
    ),
)

HOPS = (
    *rows(
        f"{answering('everything')} redirects_to_http redirects_to_itself "
        "reset_connection close_without_answer",
        "the_application_answers",
    ),
    *rows(f"{answering('chat')} chat_connection_reset", "chat_answers_200_with_json"),
    # All five streams break alike: one failure, on the first.
    *rows(
        f"{answering('stream')} stream_connection_reset",
        "chat_stream_answers_200_with_an_event_stream",
    ),
)

CHAT = (
    *rows(
        "chat_content_type_is_html chat_content_type_is_text chat_without_content_type "
        "chat_answers_a_stream chat_event_stream_type",
        "chat_answers_200_with_json",
    ),
    *rows("chat_truncated", "chat_answer_is_complete"),
    # A client reads as much as Content-Length says, which then is no JSON.
    *rows(
        "chat_content_length_too_short chat_broken_json chat_empty_body chat_nan chat_array "
        "chat_invalid_utf8",
        "chat_body_is_strict_json",
    ),
    *rows("chat_error_in_200", "chat_holds_no_error"),
    *rows(
        "chat_object_is_wrong chat_id_missing chat_id_empty chat_created_missing "
        "chat_created_is_a_float chat_created_is_a_string chat_model_missing "
        "chat_model_of_another_family",
        "chat_identifies_itself",
    ),
    *rows(
        "chat_choices_missing chat_choices_empty chat_index_is_1 chat_message_missing "
        "chat_role_is_user chat_content_empty chat_content_null chat_fallback_text",
        "chat_has_an_answer_of_the_assistant",
    ),
    *rows("chat_finish_unknown chat_finish_null", "chat_finishes_for_a_known_reason"),
    *rows("chat_finish_length", advice=("chat_finishes_for_a_known_reason",)),
    *rows(
        "chat_usage_missing chat_usage_null chat_usage_total_wrong chat_usage_negative "
        "chat_usage_is_a_string",
        "chat_usage_adds_up",
    ),
)

ERRORS = (
    *rows("broken_json_answers_500 broken_json_answers_200", *mistakes("chat_with_broken_json")),
    *rows(
        "missing_messages_answers_500_with_a_stack_trace missing_messages_answers_200",
        *mistakes("chat_without_messages"),
    ),
    *rows(
        "unknown_model_answers_200 unknown_model_answers_500", *mistakes("chat_with_unknown_model")
    ),
    *rows("unknown_path_answers_200_html unknown_path_answers_500", *mistakes("unknown_path")),
    # For an unknown path Express's HTML is usual, and advice.
    *rows("errors_are_html", *mistakes(*MISTAKES[:3]), advice=mistakes("unknown_path")),
    *rows("errors_have_a_stack_trace", *mistakes(*MISTAKES)),
    *rows(
        "errors_without_message errors_are_strings errors_are_details", advice=mistakes(*MISTAKES)
    ),
)

STREAM = (
    *rows(
        "stream_content_type_is_json stream_content_type_is_text stream_answers_json",
        "chat_stream_answers_200_with_an_event_stream",
    ),
    *rows(
        "stream_answers_json_as_events stream_empty_body stream_cut stream_cut_reset "
        "stream_cut_after_done stream_ends_in_the_middle stream_ends_in_an_event",
        "chat_stream_arrives_whole",
    ),
    *rows("stream_error stream_error_then_done stream_error_event", "chat_stream_holds_no_error"),
    *rows("stream_cacheable", *on_streams("the_stream_cannot_be_cached")),
    *rows(
        "stream_without_cache_control stream_cache_control_allows_transform",
        advice=on_streams("the_stream_cannot_be_cached"),
    ),
    *rows("stream_gzip", advice=on_streams("the_stream_is_not_compressed")),
    *rows("stream_invalid_utf8", *on_streams("the_bytes_are_utf8")),
    # Two events that no blank line parts are one event with two lines of data.
    *rows(
        "stream_broken_json stream_array stream_nan stream_two_objects_in_an_event "
        "stream_without_a_blank_line stream_keepalive_as_data stream_empty_data",
        *on_streams("every_event_is_one_json_object_or_done"),
    ),
    *rows("stream_unterminated_event", *on_streams("no_event_is_left_unterminated")),
    *rows("stream_without_done", "chat_stream_says_done", *on_streams("done_comes_once_and_last")),
    *rows("stream_done_twice stream_done_not_last", *on_streams("done_comes_once_and_last")),
    # What is not quite [DONE] is none, and no JSON object either.
    *rows(
        "stream_done_with_more_text stream_done_quoted",
        "chat_stream_says_done",
        *on_streams("done_comes_once_and_last", "every_event_is_one_json_object_or_done"),
    ),
    # Without its blank line it is thrown away by every client.
    *rows(
        "stream_done_unterminated",
        "chat_stream_says_done",
        *on_streams("done_comes_once_and_last", "no_event_is_left_unterminated"),
    ),
    *rows(
        "stream_stays_open",
        *on_streams("the_response_ends_within_2_seconds_of_done"),
    ),
    *rows(
        "stream_without_content stream_content_empty",
        "chat_stream_has_content",
        "stream_and_plain_answer_agree",
    ),
    *rows("stream_fallback_text", "chat_stream_has_content"),
    *rows(
        "stream_content_is_a_number stream_delta_missing",
        *on_streams("every_delta_adds_text_or_nothing"),
    ),
    *rows(
        "stream_role_missing stream_role_after_content stream_role_is_user "
        "stream_starts_without_choices",
        *on_streams("the_first_chunk_names_the_assistant"),
    ),
    *rows("stream_role_repeated", advice=on_streams("the_first_chunk_names_the_assistant")),
    *rows("stream_object_is_wrong", *on_streams("every_chunk_is_a_chat_completion_chunk")),
    *rows("stream_id_missing stream_id_changes", *on_streams("id_is_constant")),
    *rows(
        "stream_created_missing stream_created_changes stream_created_is_a_string",
        *on_streams("created_is_constant"),
    ),
    *rows(
        "stream_model_missing stream_model_changes stream_model_of_another_family",
        *on_streams("model_is_constant_and_of_the_family"),
    ),
    *rows(
        "stream_choices_missing stream_choices_is_an_object stream_choice_index_missing "
        "stream_choice_index_is_a_string",
        *on_streams("every_chunk_has_choices_with_an_index"),
    ),
    *rows("stream_finish_missing stream_finish_twice", *on_streams("every_choice_finishes_once")),
    *rows(
        "stream_finish_empty_midstream stream_finish_unknown",
        *on_streams("finish_reason_is_null_until_the_finish"),
    ),
    *rows("stream_finish_length", advice=on_streams("finish_reason_is_null_until_the_finish")),
    *rows("stream_content_after_finish", *on_streams("nothing_is_added_after_the_finish")),
    *rows(
        "stream_usage_missing stream_usage_twice stream_usage_before_finish "
        "stream_usage_with_choices stream_usage_total_wrong stream_usage_is_a_string",
        *on_streams("usage_comes_once_between_the_finish_and_done"),
    ),
    # It is after the finish; what is wrong is that [DONE] is not the last.
    *rows("stream_usage_after_done", *on_streams("done_comes_once_and_last")),
    *rows("stream_usage_far_from_non_stream", advice=("stream_and_plain_answer_agree",)),
    *rows("stream_usage_unsolicited", advice=("usage_comes_only_when_asked_for",)),
    *rows(
        "disconnect_breaks_the_next_stream",
        "the_next_stream_is_complete_after_a_client_went_away",
    ),
    *rows("disconnect_breaks_health", "health_is_as_before_after_a_client_went_away"),
)

#: Budgets in seconds, so that what never comes is not waited for long.
SHORT = {
    "request_timeout": 5,
    "nonstream_timeout": 5,
    "first_event_timeout": 5,
    "idle_timeout": 5,
    "stream_timeout": 10,
}

TIME = (
    *rows("healthz_after healthz_never_answers health_never_answers", "healthz_is_ok", **SHORT),
    *rows("models_after models_never_answer", "models_answers_with_json", **SHORT),
    *rows("chat_never_answers chat_after", "chat_answers_within_its_budget", **SHORT),
    *rows(
        "stream_never_answers stream_never_starts stream_after first_event_after stall_after "
        "silent_for stream_takes",
        "chat_stream_arrives_within_its_budgets",
        **SHORT,
    ),
    *rows(
        "disconnect_hangs_the_next_stream",
        "the_next_stream_is_complete_after_a_client_went_away",
        **SHORT,
    ),
    *rows("buffered buffered_with_its_head", "the_long_stream_is_not_buffered"),
    # The stream that is dropped may be the one that came first.
    *rows(
        "second_stream_429",
        "two_streams_at_once_both_complete",
        or_else=("chat_stream_answers_200_with_an_event_stream",),
    ),
    *rows(
        "second_stream_empty",
        "two_streams_at_once_both_complete",
        or_else=("chat_stream_arrives_whole",),
    ),
    *rows(
        "second_stream_hangs",
        "two_streams_at_once_both_complete",
        or_else=("chat_stream_arrives_within_its_budgets",),
        **SHORT,
    ),
)

#: What no clock and no race has a part in.
STEADY = (*HEALTH, *MODELS, *ACCESS, *HOPS, *CHAT, *ERRORS, *STREAM)
ROWS = (*STEADY, *TIME)
