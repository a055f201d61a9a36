"""`python -m flemma_py`: the same as `flemma`."""

import sys

from flemma_py.cli import main

if __name__ == "__main__":
    sys.exit(main())
