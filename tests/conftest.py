"""For all tests: a signal means the same to the programs they start, however the run itself was started."""

import signal

# A shell's background job ignores SIGINT, and so would its children, to whom tests send it as Ctrl-C.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)
