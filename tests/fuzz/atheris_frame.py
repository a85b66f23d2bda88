"""Fuzz `karez decode frame`: nothing is raised, and every byte belongs to a finding.

python tests/fuzz/atheris_frame.py tests/fuzz/corpus/frame -max_total_time=20
"""

from karez_gateway.decoder.frame import decode
from own_formats import fuzz

if __name__ == "__main__":
    fuzz(decode)
