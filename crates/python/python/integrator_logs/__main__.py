"""The command line `analyze`, also as `python -m integrator_logs`."""

import signal
import sys

from . import _native


def main() -> None:
    # The program handles it, as it does without Python.
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    sys.exit(_native.command_line(["analyze", *sys.argv[1:]]))


if __name__ == "__main__":
    main()
