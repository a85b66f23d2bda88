"""The gateway's own tests run on both databases (design §10)."""

import pytest

from karez_gateway.config import STORE_VARIABLE

from . import postgres

# What goes through the store, and so must hold whichever database it is.
ON_BOTH = {
    "test_store",
    "test_ingest",
    "test_verification",
    "test_ledger",
    "test_event_counters",
    "test_downlink",
    "test_update_stage",
    "test_orders",
    "test_orders_again",
    "test_commands",
    "test_outbox",
    "test_uploads_queue",
    "test_uploads_migration",
    "test_registry",
    "test_spare",
    "test_commissioning_import",
    "test_county_acts",
    "test_county_registry_import",
    "test_quota_acts",
    "test_grants_request",
    "test_county_ledger",
    "test_alarms_records",
    "test_alarms_time",
    "test_power_books",
    "test_violations",
    "test_api_ledger",
    "test_api_records",
    "test_exports",
}
# Of these some begin without a store, or with the tables of an older one.
FROM_NOTHING = {"test_store", "test_uploads_migration", "test_event_counters"}


def module_of(asked):
    """The name of a test's module alone."""
    return asked.module.__name__.rpartition(".")[2]


def pytest_generate_tests(metafunc):
    """Run each test of those modules twice."""
    if module_of(metafunc) in ON_BOTH:
        metafunc.fixturenames.append("database_kind")
        metafunc.parametrize("database_kind", ["sqlite", "postgresql"], indirect=True)


@pytest.fixture(scope="session")
def postgresql():
    """One server for all tests of a process."""
    with postgres.cluster() as server:
        yield server


@pytest.fixture
def database_kind(request, monkeypatch):
    """Name the database by the environment, as a service's unit file does."""
    if request.param == "postgresql":
        server = request.getfixturevalue("postgresql")
        if server is None:
            pytest.skip("PostgreSQL is not installed; .ci/run installs it")
        copied = {} if module_of(request) in FROM_NOTHING else {"template": server.empty_store}
        monkeypatch.setenv(STORE_VARIABLE, server.url(**copied))
    return request.param
