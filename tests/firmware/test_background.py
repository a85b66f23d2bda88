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


def test_a_job_of_our_own_goes_behind_the_one_at_hand_and_is_never_refused():
    found, done = Background(), []
    for number in range(8):
        found.add(job(1, number), done.append)
    found.run_slice()
    found.put_next(job(1, "ours"), done.append, None)
    while found.run_slice():
        pass
    assert done[:3] == [0, "ours", 1] and len(done) == 9 and found.refused == 0


def test_only_the_job_that_failed_is_dropped_and_told():
    def failing():
        yield
        raise MemoryError

    found, done, told = Background(), [], []
    found.put_next(failing(), done.append, lambda: told.append(1))
    found.add(job(1, "next"), done.append)
    for _ in range(4):
        try:
            found.run_slice()
        except MemoryError:
            found.drop()
    assert done == ["next"] and told == [1] and not found.is_busy


def test_a_result_that_nobody_could_take_does_not_cost_the_next_job():
    def full(result):
        raise MemoryError

    found, done = Background(), []
    found.add(job(0, 1), full)
    found.add(job(0, 2), done.append)
    try:
        found.run_slice()
    except MemoryError:
        found.drop()
    found.run_slice()
    assert done == [2]
