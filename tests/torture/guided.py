"""One target under the coverage-guided fuzzer (Atheris, libFuzzer), in a process of its own.

``python -m tests.torture.guided TARGET FOLDER [libFuzzer's options]``; run by `tests.torture.fuzz`.
"""

from __future__ import annotations

import importlib
import sys
from pathlib import Path


def main() -> None:
    """Fuzz until libFuzzer is done; a fault ends the process with its input on stderr."""
    atheris = importlib.import_module("atheris")
    name, folder, *options = sys.argv[1:]
    with atheris.instrument_imports(
        include=["moltarium.agents.minds", "moltarium.sim.record", "moltarium.scenarios"]
    ):
        from tests.torture.targets import TARGETS
    target = TARGETS[name]
    corpus = Path(folder)
    for number, seed in enumerate(target.seeds):
        (corpus / f"seed-{number}").write_bytes(seed)
    dictionary = corpus.parent / "words"
    dictionary.write_text("".join(f'"{_spelt(word)}"\n' for word in target.words))
    atheris.Setup([sys.argv[0], str(corpus), f"-dict={dictionary}", *options], target.check)
    atheris.Fuzz()


def _spelt(word: bytes) -> str:
    return "".join(f"\\x{byte:02x}" for byte in word)


if __name__ == "__main__":
    main()
