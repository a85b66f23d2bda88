"""Long arithmetic in slices: one job at a time, in order, and a full queue refuses."""

from karez_firmware.background import Background


def job(slices, result):
    for _ in range(slices):
        yield
    return result


def test_jobs_run_slice_by_slice_in_the_order_they_came():
    found, done = Background(), []
    assert not found.is_busy and not found.run_slice()
    assert found.add(job(2, "a"), done.append) and found.add(job(0, "b"), done.append)
    log = []
    while found.is_busy:
        log.append((found.run_slice(), tuple(done)))
    assert log == [(True, ()), (True, ()), (True, ("a",)), (False, ("a", "b"))]


def test_a_full_queue_refuses_and_counts():
    found, done = Background(), []
    assert all(found.add(job(1, i), done.append) for i in range(8))
    assert not found.add(job(1, 8), done.append) and found.refused == 1
    while found.run_slice():
        pass
    assert done == list(range(8)) and found.add(job(1, 9), done.append)


def test_what_is_done_may_queue_the_next():
    found, done = Background(), []
    found.add(job(1, 1), lambda result: found.add(job(1, 2), done.append))
    while found.run_slice():
        pass
    assert done == [2]


def test_a_job_that_fails_to_be_recorded_is_not_run_again():
    found = Background()

    def fail(result):
        raise ValueError("no room")

    found.add(job(0, 1), fail)
    try:
        found.run_slice()
        raise AssertionError("swallowed")
    except ValueError:
        assert not found.is_busy
