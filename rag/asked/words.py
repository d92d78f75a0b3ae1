"""What the words of a question do; the lexicons list them, one for each of nine languages.

There a star stands for any ending, an underscore for a space. A word of two classes counts as the first that has it.
What is in none of them is what the question is about.
"""

from __future__ import annotations

from enum import StrEnum


class Word(StrEnum):
    """What a word does in a question."""

    DOC = "a document, or all of them"
    TYPE = "a file type"
    FOLDER = "all documents together"
    SORT = "what documents are, in the plural: invoices, contracts"
    PAPER = "the same of words that mean other things as well: letters, notes"
    ONE = "one of them: an invoice"
    HAVE = "that something is there"
    HOLD = "that something is written in it"
    MENTION = "that a word stands in it; before a topic, or behind it"
    WORD = "the word, the term"
    HERE = "here, in the whole folder"
    LIST = "to list"
    COUNT = "to count"
    NEW = "new, changed"
    LATEST = "the newest"
    OLDEST = "the oldest"
    LONGEST = "the one with the longest text"
    SHORTEST = "the one with the shortest text"
    LARGEST = "the largest file"
    SMALLEST = "the smallest file"
    FAIL = "not readable"
    ABOUT = "stands before a topic, or behind it where verbs come last"
    ANY = "anything"
    SUM = "to sum up"
    CMP = "to compare"
    EACH = "each, all"
    OF = "stands before documents of which each is meant"
    SAY = "what documents do"
    ASK = "asks: what, which"
    THIS = "what was spoken of"
    AND = "joins two documents"
    NOW = "a time that has to be reckoned"
    FN = "grammar and politeness"


ORDERS = (Word.OLDEST, Word.LONGEST, Word.SHORTEST, Word.LARGEST, Word.SMALLEST)
"""By what documents are the first of all, besides `Word.LATEST`."""

TYPES = (
    "pdf* docx* xlsx* xls* pptx* csv* tsv* txt* md html* htm eml* epub* odt* ods* odp* rtf* json* xml* ics* vcf* word"
    " excel powerpoint markdown word-* excel-* powerpoint-* markdown-*"
)
