"""`python -m server …` is `threadline …`."""

import sys

from server.cli import main

sys.exit(main())
