"""In the VM: what each of the named modules costs the heap when it is imported, in that order.

What a module imports that was not there yet counts with it, and so does a table of names that it
was the one to fill.
"""

import gc
import sys

gc.collect()
before = gc.mem_alloc()
for name in sys.argv[1:]:
    __import__(name)
    gc.collect()
    now = gc.mem_alloc()
    print("cost", name, now - before)
    before = now
