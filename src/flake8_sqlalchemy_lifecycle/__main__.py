"""`python -m flake8_sqlalchemy_lifecycle` is the command `sqlalchemy-lifecycle`."""

import sys

from .cli import main

if __name__ == "__main__":
    sys.exit(main())
