"""The OpenAPI document is what the code says, and every answer is what the document says."""

import json
import subprocess
import sys
from pathlib import Path

import jsonschema
import pytest

from karez_gateway.controllers import commissionings
from karez_protocols import record

from .api_desk import desk
from .commissionings import FINISHED_UTC_S, filed, make_list, sample
from .synthetic import SyntheticController, public, tampered

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "docs" / "wire" / "api.json"

PATHS = {
    "/v1/sites": ["", "?limit=1"],
    "/v1/sites/{site}": [""],
    "/v1/sites/{site}/ledger": ["?from=2026-09-21&to=2026-09-24", "?from=2026-09-21&to=2026-09-22&step=hour"],
    "/v1/sites/{site}/records": ["", "?limit=2"],
    "/v1/sites/{site}/findings": [""],
    "/v1/sites/{site}/commissionings": ["", "?utc_offset_h=0"],
    "/v1/log": [""],
    "/v1/destinations": [""],
    "/v1/health": [""],
}


def test_the_page_is_what_the_code_says():
    done = subprocess.run(
        [sys.executable, "docs/wire/api_document.py", "--check"],
        cwd=ROOT, capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr


def schema_of(document, path, status, media):
    """The schema of an answer, with what it refers to."""
    found = document["paths"][path]["get"]["responses"][str(status)]["content"][media]["schema"]
    return {**found, "components": document["components"]}


@pytest.fixture
def told(tmp_path):
    box = SyntheticController("a", "well-1")
    box.irrigate(8)
    box.interval(40, method=record.CONVERTED)
    box.interval(None or 0, volume_l=None)
    box.checkpoint()
    box.slots[4] = tampered(box.slots[4], 70)
    never = SyntheticController("b", "well-2")
    extra = '\n[[destination]]\nname = "c"\nkind = "szy206"\nhost = "h"\nport = 9\naddress = "4101050100"\n'
    with desk(tmp_path / "g", box, never, extra=extra) as found:
        found.county.take(box, box.carry([box.slots[2][:20] + bytes(108)]))
        found.county.work()
        store = found.county.store
        commissionings.take_list(store, make_list(), FINISHED_UTC_S)
        commissionings.take_in(store, filed(sample(public(box.key), "well-1")), "a file", FINISHED_UTC_S)
        yield found


def test_every_answer_is_what_the_document_says(told):
    document = told.ask("/v1/openapi.json", token="").json()
    assert document == json.loads(PAGE.read_text(encoding="utf-8"))
    assert set(document["paths"]) - set(PATHS) == {"/v1/log/checkpoint", "/v1/sites/{site}/bundle"}
    for path, queries in PATHS.items():
        for query in queries:
            for site in ("well-1", "well-2"):
                answer = told.ask(path.replace("{site}", site) + query)
                schema = schema_of(document, path, answer.status_code, "application/json")
                jsonschema.validate(answer.json(), schema, cls=jsonschema.Draft202012Validator)


def test_every_no_is_what_the_document_says(told):
    document = json.loads(PAGE.read_text(encoding="utf-8"))
    for path in PATHS:
        asked = path.replace("{site}", "nowhere")
        answers = [told.ask(asked + "?x=1")]
        if path != "/v1/health":
            answers.append(told.ask(asked, token=""))
        if path.endswith("}"):
            answers.append(told.ask(asked))
        for answer in answers:
            assert answer.status_code in (400, 401, 404)
            schema = schema_of(document, path, answer.status_code, "application/problem+json")
            jsonschema.validate(answer.json(), schema, cls=jsonschema.Draft202012Validator)


def test_a_document_that_says_otherwise_would_be_seen(told):
    document = json.loads(PAGE.read_text(encoding="utf-8"))
    schema = schema_of(document, "/v1/sites/{site}/ledger", 200, "application/json")
    answer = told.get("/v1/sites/well-1/ledger", **{"from": "2026-09-21", "to": "2026-09-22"})
    answer["periods"][0]["volume_l"] = 1.5
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate(answer, schema, cls=jsonschema.Draft202012Validator)
