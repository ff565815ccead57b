"""``python -m moltarium.scenarios`` is the ``moltarium`` command."""

from moltarium.scenarios.cli import main

if __name__ == "__main__":
    main()
