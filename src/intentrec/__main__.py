"""`python -m intentrec` is `intentrec`."""

from intentrec.cli import main

if __name__ == "__main__":
    main()
