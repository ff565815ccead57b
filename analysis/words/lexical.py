"""Texts as counts of words: TF-IDF rows that need no weights, no download and no language."""

from __future__ import annotations

import re
from array import array
from collections.abc import Sequence
from typing import Any, Final, TypeAlias

import numpy as np
from scipy import sparse

Sparse: TypeAlias = Any
"""A ``scipy.sparse.csr_array`` of float64; its stubs can't say so for every SciPy."""

WORD: Final = re.compile(r"[^\W\d_]{2,24}")
"""Letters of any script."""


def words(text: str) -> list[str]:
    """Return a text's words: runs of 2 to 24 letters, in lower case.

    Examples
    --------
    >>> words("My human's 3 lobsters: Ö, Ärger!")
    ['my', 'human', 'lobsters', 'ärger']
    """
    return WORD.findall(text.lower())


def tfidf(texts: Sequence[str], *, min_texts: int = 2) -> Sparse:
    """Return TF-IDF rows of length 1: ``tf · (ln((1 + n) / (1 + df)) + 1)``.

    Smoothed inverse document frequency (Salton & Buckley 1988, doi:10.1016/0306-4573(88)90021-0).

    Parameters
    ----------
    texts
        The whole collection: document frequencies are counted on it.
    min_texts
        Words in fewer texts are left out: they can't make two texts alike.

    Returns
    -------
    scipy.sparse.csr_array
        Shape ``(len(texts), words)``; a text without known words is a row of zeros.
    """
    vocabulary: dict[str, int] = {}
    codes, ends = array("q"), array("q", [0])
    for text in texts:
        codes.extend(vocabulary.setdefault(word, len(vocabulary)) for word in words(text))
        ends.append(len(codes))
    shape = (len(texts), max(len(vocabulary), 1))
    data = np.ones(len(codes))
    counts = sparse.csr_array((data, np.array(codes, np.int64), np.array(ends, np.int64)), shape=shape)
    counts.sum_duplicates()
    frequency = np.bincount(counts.indices, minlength=shape[1])
    idf = np.log((1 + len(texts)) / (1 + frequency)) + 1
    idf[frequency < min_texts] = 0
    weighted = counts @ sparse.diags_array(idf)
    length = np.sqrt(np.asarray(weighted.multiply(weighted).sum(axis=1)).ravel())
    return sparse.csr_array(sparse.diags_array(1 / np.where(length > 0, length, 1)) @ weighted)
