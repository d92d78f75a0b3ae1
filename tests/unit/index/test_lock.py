from __future__ import annotations

import os
import threading
from pathlib import Path

from rag.errors import IndexLockedError
from rag.index.lock import lock_for_writing

ROOT = Path(__file__).parents[3]


def test_two_threads_of_one_process_are_two_writers(tmp_path):
    refused = []

    def try_it():
        try:
            with lock_for_writing(tmp_path):
                pass
        except IndexLockedError as error:
            refused.append(str(error))

    with lock_for_writing(tmp_path):
        thread = threading.Thread(target=try_it)
        thread.start()
        thread.join()
    assert str(os.getpid()) in refused[0]
