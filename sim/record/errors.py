"""The one tree of errors that Moltarium raises.

::

    MoltariumError                 carries what, where and what to do; the CLI prints it and exits with 2
    ├── RecordError                a run record can't be opened, read or written
    │   ├── RecordBusy             another process writes this record
    │   └── SchemaMismatch         written by another schema version
    ├── ImportFailure              a snapshot can't be read
    ├── ScenarioError              a scenario file is wrong (place = file:line:column)
    ├── ModelError                 a model endpoint can't be used
    │   ├── ModelUnavailable       unreachable, overloaded, or its circuit is open
    │   └── ModelRefusedAccess     wrong key, unknown model
    ├── Paused                     stopped early as asked, and saved (the CLI exits with 3)
    │   ├── Interrupted            by Ctrl-C or `moltarium ctl stop`
    │   │   └── StoppedAtOnce      by a second Ctrl-C, without waiting (the CLI exits with 130)
    │   └── CeilingReached         a ceiling on money, tokens or time
    └── NotComputable              a measure lacks what it needs: "needs table X"

The root lives in the lowest room so that every other room can raise from the same tree.
"""

from __future__ import annotations


class MoltariumError(Exception):
    """A failure said in full: what was wrong, where, and what to do about it.

    Parameters
    ----------
    what
        What was wrong, in one sentence.
    place
        Where: a path, ``file:line:column``, a URL without credentials. Empty where it has no place.
    remedy
        What the user can do.
    """

    def __init__(self, what: str, *, place: str = "", remedy: str = "") -> None:
        self.what = what
        self.place = place
        self.remedy = remedy
        super().__init__(str(self))

    def __str__(self) -> str:
        head = f"{self.place}: {self.what}" if self.place else self.what
        return f"{head}\n  → {self.remedy}" if self.remedy else head


class RecordError(MoltariumError):
    """A run record can't be opened, read or written."""


class RecordBusy(RecordError):
    """Another process holds the record for writing."""


class SchemaMismatch(RecordError):
    """The record was written by another schema version."""


class ImportFailure(MoltariumError):
    """A snapshot can't be read as any known format."""


class ScenarioError(MoltariumError):
    """A scenario file, or an override of it, is wrong."""


class ModelError(MoltariumError):
    """A model endpoint can't be used."""


class ModelUnavailable(ModelError):
    """The endpoint can't be reached or keeps failing; the run is saved and can be resumed."""


class ModelRefusedAccess(ModelError):
    """The endpoint answered and refused: wrong key, unknown model, exhausted quota."""


class Paused(MoltariumError):
    """The run stopped early, as it was asked to; it is saved and can go on."""


class Interrupted(Paused):
    """The user stopped the run."""


class StoppedAtOnce(Interrupted):
    """The user stopped the run twice: calls in flight were not waited for."""


class CeilingReached(Paused):
    """A ceiling on money, tokens or time was reached; the run can go on with a higher one."""


class NotComputable(MoltariumError):
    """A measure can't be computed on this record.

    Parameters
    ----------
    needs
        What is missing, as it will be shown: ``"table vote"``, ``"comment.parent"``, ``"extra topics"``.
    place, remedy
        Which record lacks it and what has it, where that is known.
    """

    def __init__(self, needs: str, *, place: str = "", remedy: str = "") -> None:
        self.needs = needs
        super().__init__(f"not computable: needs {needs}", place=place, remedy=remedy)
