"""What mutants of the restart after the mains' return showed."""

from karez_firmware.core.resume import Resume
from karez_protocols import causes


def test_a_stop_for_any_other_cause_does_not_say_that_the_mains_are_gone():
    for cause, _ in causes.every():
        one = Resume({"resume_min_s": 60, "resume_max_s": 900}, True)
        one.arm(cause, 0, 0)
        # A lost feedback counts only with the mains gone, and only MAINS_LOST says that they are.
        assert one.arm(causes.FEEDBACK_LOST, 0, 0) == (cause == causes.MAINS_LOST), cause


def test_without_a_least_wait_and_a_rest_it_is_due_at_once():
    one = Resume({"resume_min_s": 0, "resume_max_s": 0}, True)
    assert one.arm(causes.RESTARTED, 12_345, 7000)
    assert one.is_due(7000)
