"""Whatever the network does: the pump runs, meters are read, the loop is on time, all is delivered."""

import tempfile
from pathlib import Path

import pytest

from karez_protocols import causes, record
from karez_simulators import rude_network, vm_start
from system import uplink_cases
from system.uplink_cases import LATE_MS_MAX, TROUBLES

SHM = Path("/dev/shm")  # a disk that stalls is no fault of the network
# The well's last litres: attempts before, a cut-off within seconds, none shortly before it.
LAST_L = 160
FREE_S = 1.0  # of the 2.1 s that a handshake of 50 ms keeps away from a cut-off at a poll of 1 s

pytestmark = [
    pytest.mark.timeout(300),
    pytest.mark.skipif(
        not vm_start.can_run_in_place(), reason="the image is run in place, as a board runs it"
    ),
]


@pytest.fixture
def folder(tmp_path):
    if not SHM.is_dir():
        yield tmp_path
        return
    with tempfile.TemporaryDirectory(dir=SHM) as name:
        yield Path(name)


def check(faced, trouble):
    print(
        f"{faced.name:34} late {faced.late_ms:4} ms in {faced.beats} beats; "
        f"{faced.polls} polls; {faced.seconds:.1f} s, of which {faced.recovery_s:.1f} s to recover"
    )
    wrong = list(faced.wrong)
    if faced.late_ms > LATE_MS_MAX:
        wrong.append(f"the loop was {faced.late_ms} ms late")
    if faced.polls < int(trouble.seconds - 0.5):
        wrong.append(f"{faced.polls} polls of the water meter in {trouble.seconds} s")
    return [f"{faced.name}: {one}" for one in wrong]


async def the_last_litres(stand):
    """A cut-off while connections are tried in vain."""
    desk, play = stand.desk, stand.play
    await play.grant(desk.metered_l - desk.volume_l + LAST_L)  # the newest record is a minute old
    stand.cut(rude_network.SHUT)
    await play.run_out()
    assert desk.newest(record.STOP)["cause"] == causes.WATER_CEILING
    holds, figures = await play.overshoot()
    assert holds, figures


async def test_no_trouble_of_the_network_reaches_the_pump_the_meters_or_the_loop(folder):
    wrong = []
    async with uplink_cases.stand_of(folder) as stand:
        for trouble in TROUBLES:
            if not trouble.is_variant:
                wrong += check(await stand.face(trouble), trouble)
        assert not wrong, wrong
        # Everything was met: nobody asked twice for what was known, nobody was believed.
        assert stand.names.asked and stand.rude.served >= 4 and stand.foreign.served == 0

        coils = len(stand.ear.coils)
        await the_last_litres(stand)
        off_s = stand.ear.coils[coils][1]
        tried = [came_s for came_s in stand.passage.came if came_s > off_s - 8]
        assert tried and not [came_s for came_s in tried if off_s - FREE_S < came_s < off_s]
        stand.cut()
        await stand.play.delivered()
        for look in (stand.play.litres_exact, stand.play.log_complete):
            holds, figures = await look()
            assert holds, figures
