"""What the fuzz targets of our own formats share: one decoder of `karez decode`, its promises."""

import sys

from karez_gateway.decoder.finding import Options


def fuzz(decode):
    """Run atheris on one decoder; the fuzzer's options stand on the command line."""
    import atheris

    def one(data):
        end = 0
        for finding in decode(data, Options()):
            if not finding.facts.get("kind"):
                raise AssertionError("a finding without a kind")
            # What a payload carries follows it as findings of their own, inside its bytes.
            if finding.offset > end or finding.length < 1:
                raise AssertionError(f"a finding at {finding.offset} of {finding.length} bytes, behind {end}")
            end = max(end, finding.offset + finding.length)
        if end != len(data):
            raise AssertionError(f"{len(data) - end} bytes at the end belong to no finding")

    atheris.instrument_all()
    atheris.Setup(sys.argv, one)
    atheris.Fuzz()
