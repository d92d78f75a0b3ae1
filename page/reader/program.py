"""The program of the process that draws pages, ``python -m page.reader.program``; `page.reader.process` starts it.

It reads requests as lines of JSON. Each is answered by such a line, behind which a picture's bytes follow, as many as
the line says. It ends when its input ends.
"""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path
from typing import Any

from page.reader.drawing import Shelf, UnreadableError, draw, lay_out, list_outline, list_sizes, load_libraries
from rag.processes import harden, leave_signals_to_parent

_MEMORY_BYTES = 1_500_000_000


def main() -> None:
    leave_signals_to_parent()
    answers = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)  # what libraries print goes to standard error
    harden(_MEMORY_BYTES)
    load_libraries()
    shelf = Shelf()
    for line in sys.stdin:
        answer, picture = _serve(json.loads(line), shelf)
        answers.write(json.dumps({**answer, "bytes": len(picture)}).encode() + b"\n" + picture)
        answers.flush()


def _serve(request: dict[str, Any], shelf: Shelf) -> tuple[dict[str, Any], bytes]:
    """The answer to one request, and the bytes of the picture if one is wanted."""
    try:
        pdf = shelf.take(Path(request["path"]), request["passwords"])
        match request["wants"]:
            case "outline":
                return {"outline": list_outline(pdf)}, b""
            case "picture":
                kind, picture = draw(pdf, request["page"], request["width"])
                return {"type": kind}, picture
            case _:
                laid = lay_out(pdf, request["page"], request["quote"], request["around"])
                return {**laid, "sizes": list_sizes(pdf) if request["wants"] == "opening" else []}, b""
    except (UnreadableError, OSError) as error:
        return {"error": str(error)}, b""
    except Exception as error:  # pdfium's wrapper fails in many ways on a damaged file; the next request counts
        return {"error": f"{type(error).__name__}: {error}"}, b""


if __name__ == "__main__":
    main()
