"""Fuzz `karez decode record`: nothing is raised, and every byte belongs to a finding.

python tests/fuzz/atheris_record.py tests/fuzz/corpus/record -max_total_time=20
"""

from karez_gateway.decoder.record import decode
from own_formats import fuzz

if __name__ == "__main__":
    fuzz(decode)
