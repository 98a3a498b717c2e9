"""`python -m server.carriers.simulator`; see `command.py` for the options."""

import sys

from server.carriers.simulator.command import main

if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
