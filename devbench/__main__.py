"""`python -m devbench`, for where the console script is not on PATH."""

from devbench.cli.app import main

main()
