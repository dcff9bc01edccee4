"""`python -m rog`."""

from rog.cli import main

if __name__ == "__main__":
    main()
