"""What might be asked next, by the headings of what was found. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

_MOST = 3
_SHORTEST, _LONGEST = 4, 60
"""Characters of a heading that can stand for a topic."""


def suggest_topics(props: Mapping[str, Any]) -> list[str]:
    """Headings of other passages that were found in the documents it cites, by what is shown below an answer."""
    numbers, sources = set(props.get("cited", ())), props.get("sources", ())
    cited = [source for source in sources if source["number"] in numbers]
    said, documents = {_read_topic(source) for source in cited}, {source["source"] for source in cited}
    others = (source for source in sources if source["number"] not in numbers and source["source"] in documents)
    return list(dict.fromkeys(_find_topics(others, said)))[:_MOST]


def _find_topics(sources: Iterator[Mapping[str, Any]], said: set[str]) -> Iterator[str]:
    for source in sources:
        topic = _read_topic(source)
        if topic not in said and is_topic(topic):
            yield topic


def is_topic(heading: str) -> bool:
    return _SHORTEST <= len(heading) <= _LONGEST and sum(map(str.isalpha, heading)) * 2 > len(heading)


def _read_topic(source: Mapping[str, Any]) -> str:
    return str(source.get("section") or "").rpartition(" > ")[2].strip().rstrip(":.")
