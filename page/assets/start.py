"""The chat page for ``uv run chainlit run app.py``. Its code is in `page.chat`, so that it can be installed too."""

import page.chat  # noqa: F401 (importing it is what registers its events)
