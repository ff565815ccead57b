"""What of a post is its author's own feeling: everything but quotes, code, links and handles.

A quoted line carries the feeling of whoever wrote it first; reading it again would make emotion look
contagious wherever people quote one another.
"""

from __future__ import annotations

import html
import re
from typing import Final

MAX_CHARS: Final = 20_000
"""Characters of a text that are looked at; the rest is not read, so that no text can stall a run."""

_FENCE: Final = re.compile(r"^[ \t]*(```|~~~).*?(?:^[ \t]*\1[`~]*[ \t]*$|\Z)", re.MULTILINE | re.DOTALL)
_QUOTE: Final = re.compile(r"^[ \t]*(?:>|&gt;).*$", re.MULTILINE)
_CODE: Final = re.compile(r"`+[^`\n]*`+")
_LINK: Final = re.compile(r"!?\[([^\[\]\n]*)\]\([^()\s]*\)")
_URL: Final = re.compile(r"(?:https?://|www\.)\S+", re.IGNORECASE)
_HANDLE: Final = re.compile(r"(?<![\w/.])(?:@|/?[ur]/|/?m/)[\w-]+")
_SPACE: Final = re.compile(r"\s+")
_TAG: Final = re.compile(r"(?<!\w)#(?=[^\W\d_])")
_APART: Final = re.compile(
    r"(?<=\w) (n['’]t)\b"  # do n't
    r"|(?<=n) ?['’] (t)\b"  # don ' t
    r"|(?<=\w)(?: ['’] ?|['’] )(s|m|re|ve|ll|d)\b(?!['’])",  # it 's, it ' s
    re.IGNORECASE,
)


_TRIMMING: Final = re.compile("[\ufe0e\ufe0f\u200d\U0001f3fb-\U0001f3ff]")
"""What varies an emoji: how it is drawn, joined or coloured."""


def clean(text: str) -> str:
    """Strip what is not the author's own words.

    Removes fenced and inline code, quoted lines (``>`` at the start), URLs and handles (``@name``,
    ``u/name``, ``r/name``, ``m/name``); keeps the words of a Markdown link; collapses white space. Only the
    first `MAX_CHARS` characters are looked at.

    Returns
    -------
    str
        One line; empty if nothing of the author's own is left.
    """
    text = text[:MAX_CHARS]
    if "```" in text or "~~~" in text:
        text = _FENCE.sub(" ", text)
    if ">" in text or "&gt;" in text:
        text = _QUOTE.sub(" ", text)
    if "`" in text:
        text = _CODE.sub(" ", text)
    if "](" in text:
        text = _LINK.sub(r"\1", text)
    if "://" in text or "www." in text.lower():
        text = _URL.sub(" ", text)
    if "@" in text or "/" in text:
        text = _HANDLE.sub(" ", text)
    return _SPACE.sub(" ", text).strip()


def mend(text: str) -> str:
    """Undo what files of texts do to writing, so that words are those that the reader knows.

    HTML entities become characters; an apostrophe that was read in the wrong encoding or set apart comes back
    ("donâ€™t", "do n't", "don ' t", "it 's"); a hashtag becomes its word; an emoji loses its variants,
    such as its skin tone. All else reads as before.

    Parameters
    ----------
    text
        As `clean` returns it.
    """
    if "&" in text:
        text = html.unescape(text)
    if "â€™" in text:
        text = text.replace("â€™", "'")
    if not text.isascii():
        text = _TRIMMING.sub("", text)
    if "#" in text:
        text = _TAG.sub("", text)
    if " " in text and ("'" in text or "’" in text):
        text = _APART.sub(_joined, text)
    return text


def _joined(found: re.Match[str]) -> str:
    whole, t, ending = found.groups()
    return str(whole or f"'{t or ending}")
