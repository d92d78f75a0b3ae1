"""Text from pictures of pages, where Tesseract is installed. Owner of pytesseract."""

from __future__ import annotations

import shutil
import time
from collections.abc import Callable
from typing import TYPE_CHECKING

from ingest.loaders.reading import ReadOptions

if TYPE_CHECKING:
    from PIL.Image import Image

_PAGE_S = 60
"""Seconds for one page; usual are 1–3."""


class Recogniser:
    """Reads pages until the document's time for it is used up."""

    def __init__(self, options: ReadOptions) -> None:
        self._languages = options.ocr_languages
        self._budget_s = options.ocr_seconds
        self._more_time = options.more_time
        self._until: float | None = None
        self._problem = "" if shutil.which("tesseract") else "install Tesseract (see README) to read them"
        self.pages_read = 0

    def read(self, picture: Callable[[], Image]) -> str:
        """The page's text; empty without Tesseract, after the time is up, or if there is none."""
        self._until = self._until or time.monotonic() + self._budget_s
        if self._problem:
            return ""
        if time.monotonic() > self._until:
            self._problem = f"OCR was ended after {self._budget_s:g} s"
            return ""
        self._more_time(_PAGE_S * 1.5)
        text = self._recognise(picture())
        self.pages_read += bool(text)
        return text

    def _recognise(self, image: Image) -> str:
        import pytesseract

        try:
            text = pytesseract.image_to_string(image, lang=self._languages or None, timeout=_PAGE_S)
        except pytesseract.TesseractError as error:
            self._problem = f"Tesseract failed: {str(error.message)[:150]}"
            return ""
        except RuntimeError:  # pytesseract's way to say that the time is up
            return ""
        return str(text).strip()

    def give_advice(self) -> str:
        """Why pages stayed without text, and what to do."""
        return self._problem or "OCR found none on them"
