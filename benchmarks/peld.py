"""Emotion transition on human dialogue, with leak-free folds: ``python benchmarks/peld.py PATH_TO_TSV``."""

from __future__ import annotations

import sys
from pathlib import Path

if __name__ == "__main__":
    # Run as a script, Python looks beside this file; its neighbours are imported as a package.
    sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
    from benchmarks.peld_report import main

    main()
