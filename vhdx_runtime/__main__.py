"""`python -m vhdx_runtime`: the same as the command `vhdx`."""

from .cli import main

if __name__ == "__main__":
    main(prog_name="python -m vhdx_runtime")
