"""`python -m tests.stack`: see `--help`."""

import sys

from tests.stack.cli import main

sys.exit(main(sys.argv[1:]))
