"""Figures for Prometheus: sums, never a line per well; health says whether the service lives."""

import json
import os
import time
import urllib.error
import urllib.request

import pytest
from prometheus_client.parser import text_string_to_metric_families

from karez_gateway.service import metrics

from .county import create, opened
from .synthetic import SyntheticController


@pytest.fixture
def county(tmp_path):
    with opened(create(tmp_path / "g")) as found:
        yield found


def get(port, path):
    """(status, body) of a request."""
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}{path}", timeout=10) as found:
            return found.status, found.read().decode()
    except urllib.error.HTTPError as error:
        with error:
            return error.code, error.read().decode()


def figures(text):
    """{(name, labels…): value}."""
    return {
        (one.name, *sorted(one.labels.values())): one.value
        for family in text_string_to_metric_families(text)
        for one in family.samples
    }


def test_the_figures_are_those_of_the_store_and_of_the_running_service(county, tmp_path):
    box = SyntheticController("a", "well-1")
    box.irrigate(3)
    payloads = box.payloads()
    for _ in range(40):
        box.interval(10)
    county.enrol(box)
    county.take(box, *payloads)
    county.work()
    count = box.seq - 40
    box_later = box.frame(box.seq)
    county.take(box, box_later)
    service = tmp_path / "service.json"
    service.write_text(
        json.dumps(
            {
                "pid": os.getpid(),
                "utc_s": time.time(),
                "broker": "connected",
                "presence": {box.name: {"online": 1}, "other": {"online": 0}},
                "destinations": {"county": {"up": True}, "city": {"up": False}},
                "counters": {"records": 7, "duplicates": 2},
            }
        )
    )
    with metrics.served(county.store, service, "127.0.0.1", 0) as port:
        status, text = get(port, "/metrics")
        assert status == 200 and get(port, "/health") == (200, "running\n")
        assert get(port, "/")[0] == 404
    found = figures(text)
    assert found[("karez_log_entries",)] == count + 1 and found[("karez_controllers",)] == 1
    assert found[("karez_records_missing",)] == 40
    assert found[("karez_controllers_online",)] == found[("karez_broker_up",)] == 1
    assert (found[("karez_destination_up", "county")], found[("karez_destination_up", "city")]) == (1, 0)
    assert found[("karez_ingest_duplicates_total",)] == 2
    assert box.name not in text


def test_without_a_service_nothing_is_up_and_health_says_so(county, tmp_path):
    with metrics.served(county.store, tmp_path / "service.json", "127.0.0.1", 0) as port:
        assert get(port, "/health") == (503, "not running\n")
        found = figures(get(port, "/metrics")[1])
    assert found[("karez_broker_up",)] == found[("karez_records_quarantined",)] == 0


def test_a_port_that_is_taken_is_an_error_at_once(county, tmp_path):
    with (
        metrics.served(county.store, tmp_path / "service.json", "127.0.0.1", 0) as port,
        pytest.raises(OSError, match="in use"),
        metrics.served(county.store, tmp_path, "127.0.0.1", port),
    ):
        pass
