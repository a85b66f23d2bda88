"""Picks the language of a report's words. Pure."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import Any

from .report_words import LABELS, WORDS

_BEIJING = dt.timezone(dt.timedelta(hours=8))


@dataclass(frozen=True)
class Say:
    """Picks a language; `both` puts the Chinese before the English."""

    language: str

    def text(self, pair: tuple[str, str], parted: str = " ", **values: Any) -> str:
        """A text of report_words.py."""
        english, chinese = (one.format(**values) if values else one for one in pair)
        if self.language == "both" and english != chinese:
            return f"{chinese}{parted}{english}"
        return english if self.language == "en" else chinese

    def label(self, name: str, **values: Any) -> str:
        """What a value is called."""
        return self.text(LABELS[name], **values)

    def word(self, word: str) -> str:
        """One of the words of the file."""
        return self.text(WORDS[word])

    def moment(self, utc_s: int) -> str:
        """A time as people at the well have it."""
        return dt.datetime.fromtimestamp(utc_s, _BEIJING).strftime("%Y-%m-%d %H:%M")
