"""Fuzz `karez decode grant`: nothing is raised, and every byte belongs to a finding.

python tests/fuzz/atheris_grant.py tests/fuzz/corpus/grant -max_total_time=20
"""

from karez_gateway.decoder.grant import decode
from own_formats import fuzz

if __name__ == "__main__":
    fuzz(decode)
