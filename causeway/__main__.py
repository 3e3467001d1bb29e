"""`python -m causeway`."""

from causeway.commands import main

if __name__ == "__main__":
    main()
