"""Which characters belong to which scripts, as ranges for a class of a pattern: ``re.compile(f"[{HAN}]")``.

The `regex` library knows scripts by their names, but takes 50 ms to import, searches a text for them three to six times
as slowly, and goes by another version of Unicode than Python's own `str.isalpha` and `unicodedata`.
"""

HAN = "\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0003ffff"
HIRAGANA = "\u3040-\u309f"
KATAKANA = "\u30a0-\u30ff\u31f0-\u31ff"
KANA = f"{HIRAGANA}{KATAKANA}"
HANGUL = "\u1100-\u11ff\u3130-\u318f\ua960-\ua97f\uac00-\ud7ff"
THAI, LAO, TIBETAN, MYANMAR, KHMER = "\u0e00-\u0e7f", "\u0e80-\u0eff", "\u0f00-\u0fff", "\u1000-\u109f", "\u1780-\u17ff"
MONGOLIAN = "\u1820-\u18aa"

DENSE = f"{HAN}{KANA}{HANGUL}"
"""Scripts of which a character says as much as several letters of an alphabet."""

SPACELESS = f"{THAI}{LAO}{MYANMAR}{KHMER}{DENSE}\u3005-\u3007"
"""Scripts that put no spaces between words, with the signs that stand for a Chinese character; and Korean, whose words
are written together with what belongs to them."""

RIGHT_TO_LEFT = "\u0590-\u08ff\ufb1d-\ufdff\ufe70-\ufefc"
"""Hebrew, Arabic and their relatives."""

JOINING = (
    "\u0600-\u08ff\u0900-\u0dff\u0f00-\u109f\u1780-\u18af\u1b00-\u1bff\ua880-\uabff\ufb50-\ufdff\ufe70-\ufefc"
    "\U00010a00-\U00011fff\U0001e900-\U0001e95f"
)
"""Scripts whose letters join or change their shape beside others: Arabic, those of India and its neighbours."""
