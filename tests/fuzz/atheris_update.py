"""Fuzz `karez decode update`: nothing is raised, and every byte belongs to a finding.

python tests/fuzz/atheris_update.py tests/fuzz/corpus/update -max_total_time=20
"""

from karez_gateway.decoder.update import decode
from own_formats import fuzz

if __name__ == "__main__":
    fuzz(decode)
