"""Whatever somebody asks, the answer is a document or a problem; nothing is unbounded."""

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from .api_desk import desk
from .test_api_records import irrigated

PLACES = (
    "x",
    "1",
    "0123456789abcdef-1-1",
    "0123456789abcdef-1-1-1",
    "../../etc",
    "-1-1-1-1",
    "9" * 61,
    "٣-1-1-1",
)
LIMITS = (0, -1, 501, 10**30, "ten", "1e2", "")


@pytest.fixture
def well(tmp_path):
    with desk(tmp_path / "g", irrigated(intervals=2)) as found:
        yield found


def test_a_place_that_no_page_gave_is_refused(well):
    for after in PLACES:
        assert well.problem("/v1/sites/well-1/records", after=after)[:2] == (400, "bad-parameter"), after


def test_a_limit_is_a_number_of_1_to_500(well):
    for path in ("/v1/sites", "/v1/sites/well-1/records"):
        for limit in LIMITS:
            assert well.problem(path, limit=limit)[:2] == (400, "bad-parameter"), limit


def test_a_body_and_odd_headers_change_nothing(well):
    plain = well.ask("/v1/sites").content
    for headers in ({"Range": "bytes=0-1"}, {"Accept": "text/html"}, {"X-HTTP-Method-Override": "DELETE"}):
        assert well.ask("/v1/sites", headers=headers).content == plain
    for shown in (
        "Bearer",
        "Bearer ",
        f"bearer {well.token} x",
        f"Token {well.token}",
        "Bearer " + "A" * 5000,
    ):
        assert well.ask("/v1/sites", token="", headers={"Authorization": shown}).status_code == 401


def test_whatever_parameters_say_the_answer_is_a_document_or_a_problem(well):
    paths = ["ledger", "records", "findings", "bundle"]
    words = st.one_of(
        st.text(max_size=30), st.integers().map(str), st.dates().map(str), st.just("2026-09-21")
    )
    named = st.sampled_from("from to step limit after utc_offset_h controller from_seq to_seq".split())  # noqa: SIM905

    @settings(max_examples=120, deadline=None, suppress_health_check=list(HealthCheck))
    @given(st.sampled_from(paths), st.dictionaries(named, words, max_size=4))
    def anything(path, query):
        answer = well.ask(f"/v1/sites/well-1/{path}", **query)
        assert answer.status_code in (200, 400, 404, 409), (path, query, answer.text)
        if answer.status_code != 200:
            assert answer.headers["content-type"] == "application/problem+json"

    anything()
