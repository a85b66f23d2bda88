"""What a platform reads otherwise than its dialect is set by switches; receipts stay readable."""

import pytest

from karez_gateway.proofs import evidence
from karez_gateway.uploads import dialects
from karez_gateway.verifier import bundle_check
from karez_protocols.sl651_dialect import FILL_FF
from karez_protocols.sl651_dialect import Dialect as Sl651Dialect
from karez_protocols.szy206_dialect import SZY206_2016, Dialect
from karez_simulators.platform_sl651 import KAREZ_ELEMENTS, PlatformSl651
from karez_simulators.platform_szy206 import PlatformSzy206

from .county import create, opened
from .second_verifier import verify as second_verify
from .synthetic import PROVISIONER, REGULATOR, SyntheticController, public
from .uploading import counts, destination, fed, sending, until

SZY206 = [
    {"tag_seconds": "zero"},
    {"tag_order": "day_first", "pw_order": "little"},
    {"addr_order": "big", "confirm_with_tp": True},
    {"flow_unit": 3, "confirm_type": "zero"},
    {"types": "427", "utc_offset_s": 0},
]
SL651 = [{"filler": FILL_FF}, {"utc_offset_s": 0}]


async def proved(tmp_path, platform, **settings):
    """One irrigation goes to a platform; both verifiers accept its receipts. Return what it kept."""
    box = SyntheticController("a", "well-1")
    box.irrigate(2)
    async with platform:
        with opened(create(tmp_path / "g")) as county:
            fed(county, box)
            async with sending(county, destination(platform, **settings)):
                await until(lambda: counts(county) == {"confirmed": 3})
            found = evidence.export(county.store, county.config, site=box.site)
            log_key = (county.config.data / "log.vkey").read_text().strip()
        report = bundle_check.check(found.data)
        assert [one.seq for one in report.uploads] == [2, 3, 4]
        assert not [one for one in report.findings if one.code.startswith("upload")], report.findings
        assert second_verify(found.data, public(PROVISIONER), [public(REGULATOR)], [log_key])[0] is None
        return platform.reports


@pytest.mark.parametrize("switches", SZY206, ids=" ".join)
async def test_a_platform_of_szy206_gets_what_its_switches_say(tmp_path, switches):
    spoken = Dialect(5, **({"confirm_with_tp": False} | switches))
    reports = await proved(tmp_path, PlatformSzy206(spoken), switches=switches)
    assert [one.volume_m3 for one in reports] == [1004, 1008, 1012]
    if "tag_seconds" in switches:
        assert {one.message.tag.second for one in reports} == {0}
    if switches.get("utc_offset_s") == 0:
        assert reports[0].message.tag.hour == 14


@pytest.mark.parametrize("switches", SL651, ids=" ".join)
async def test_a_platform_of_sl651_gets_what_its_switches_say(tmp_path, switches):
    spoken = Sl651Dialect(elements=KAREZ_ELEMENTS, **switches)
    reports = await proved(tmp_path, PlatformSl651(dialect=spoken), kind="sl651", switches=switches)
    assert [one.quantities["total_l"] for one in reports] == [1_004_000, 1_008_000, 1_012_000]


def test_without_switches_the_standards_own_dialect_is_spoken():
    assert dialects.szy206("206", {}) is SZY206_2016
    assert dialects.szy206("427", {"tag_seconds": "zero"}).tp_len == 7
    assert dialects.sl651("651-ascii", {"filler": FILL_FF}).is_ascii
