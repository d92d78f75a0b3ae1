"""The pages of PDFs as the reader shows them, drawn by a process of its own."""

from __future__ import annotations

import io
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pypdf
import pytest
from PIL import Image
from pypdf.generic import RectangleObject

from page.reader.process import Drawer, DrawingError
from tests.files import pdf

SAID = "The vault key hangs behind the clock."


@pytest.fixture(scope="module")
def drawer() -> Iterator[Drawer]:
    drawer = Drawer()
    yield drawer
    drawer.close()


def turned(path: Path) -> None:
    """Turn the page and cut its edges off."""
    writer = pypdf.PdfWriter(clone_from=path)
    writer.pages[0].cropbox = RectangleObject((50, 100, 500, 780))
    writer.pages[0].rotate(90)
    writer.write(path)


@pytest.mark.parametrize("is_turned", [False, True])
def test_the_marks_lie_on_the_quote_however_the_page_is_turned_and_cut(drawer: Drawer, tmp_path: Path, is_turned: bool):
    path = tmp_path / "key.pdf"
    path.write_bytes(pdf([[(72, 600, 14, SAID), (72, 400, 14, "Nothing else is here.")]]))
    if is_turned:
        turned(path)
    laid, _ = drawer.ask("opening", path, (), page=1, quote="vault key hangs", around=SAID)
    assert [len(laid["sizes"]), len(laid["marks"])] == [1, 1]
    assert SAID in [run[4] for run in laid["runs"]]
    answer, picture = drawer.ask("picture", path, (), page=1, width=900)
    assert answer["type"] == "image/png"
    image = Image.open(io.BytesIO(picture)).convert("L")
    left, top, width, height = laid["marks"][0]
    box = (left * image.width, top * image.height, (left + width) * image.width, (top + height) * image.height)
    inked = image.point(lambda shade: 255 * (shade < 128)).getbbox()
    assert inked is not None
    assert np.asarray(image.crop(tuple(map(round, box)))).min() < 128  # letters lie in it
    assert inked[0] - 2 <= box[0] <= box[2] <= inked[2] + 2
    assert inked[1] - 2 <= box[1] <= box[3] <= inked[3] + 2


def test_what_can_not_be_drawn_is_one_sentence_and_the_next_page_is_drawn(drawer: Drawer, tmp_path: Path):
    good, broken, locked = (tmp_path / name for name in ("good.pdf", "broken.pdf", "locked.pdf"))
    good.write_bytes(pdf([[(72, 600, 14, SAID)]]))
    broken.write_bytes(b"%PDF-1.7\nnothing more")
    writer = pypdf.PdfWriter(clone_from=good)
    writer.encrypt("sesame")
    writer.write(locked)
    for path, page in ((broken, 1), (locked, 1), (good, 2)):
        with pytest.raises(DrawingError, match="can't be drawn"):
            drawer.ask("picture", path, (), page=page, width=300)
    assert drawer.ask("picture", locked, ("no", "sesame"), page=1, width=300)[1]
    assert drawer._process is not None
    drawer._process.kill()  # as a page that takes too long is ended
    drawer._process.wait()
    assert drawer.ask("picture", good, (), page=1, width=300)[1]


def draw_often(drawer: Drawer, path: Path) -> None:
    for _ in range(100):  # the first may be faster than its end
        drawer.ask("picture", path, (), page=1, width=3000)


def test_a_page_that_takes_too_long_is_given_up(drawer: Drawer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    path = tmp_path / "slow.pdf"
    path.write_bytes(pdf([[(72, 600, 14, SAID)]]))
    drawer.warm_up()
    monkeypatch.setattr("page.reader.process.LONGEST_S", 0.0)
    with pytest.raises(DrawingError, match="asks for too much"):
        draw_often(drawer, path)
