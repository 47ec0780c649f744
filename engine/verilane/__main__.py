"""`python -m verilane` is the command `verilane`."""

from .cli import main

if __name__ == "__main__":
    main()
