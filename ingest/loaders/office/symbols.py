"""Signs of symbol fonts (Wingdings, Webdings, Symbol), which stand in files as codes without a meaning of their own."""

from __future__ import annotations

_FIRST, _LAST = 0xF020, 0xF0FF
"""Where Word puts the codes of symbol fonts in Unicode's private area."""

# The signs that stand in text and forms; the fonts have hands, clocks and ornaments too, which say nothing there.
_WINGDINGS = {
    0x6C: "●", 0x6E: "■", 0x6F: "□", 0x70: "□", 0x71: "❑", 0x72: "❒", 0x75: "◆", 0x76: "❖", 0x77: "◆", 0x78: "☒",
    0x9E: "·", 0x9F: "•", 0xA1: "○", 0xA7: "▪", 0xA8: "☐", 0xAB: "★", 0xD8: "➢", 0xDF: "←", 0xE0: "→", 0xE1: "↑",
    0xE2: "↓", 0xE8: "➔", 0xEF: "⇦", 0xF0: "⇨", 0xF3: "⇔", 0xFB: "✗", 0xFC: "✔", 0xFD: "☒", 0xFE: "☑", 0x4A: "☺",
    0x4C: "☹", 0x28: "☎", 0x2A: "✉",
}  # fmt: skip
_WINGDINGS_2 = {
    0x4F: "✗", 0x50: "✓", 0x51: "☒", 0x52: "☑", 0x53: "☒", 0x54: "☒", 0x2A: "☐", 0x30: "☐", 0x96: "●", 0x97: "●",
    0x98: "●", 0xA2: "■", 0xA3: "☐", 0xA4: "☐",
}  # fmt: skip
_WEBDINGS = {0x61: "✔", 0x63: "☐", 0x67: "■", 0x72: "✗", 0x3D: "■", 0x6E: "●", 0x34: "▶", 0x33: "◀"}
_SYMBOL = (
    " !∀#∃%&∋()∗+,−./0123456789:;<=>?≅ΑΒΧΔΕΦΓΗΙϑΚΛΜΝΟΠΘΡΣΤΥςΩΞΨΖ[∴]⊥_‾αβχδεφγηιϕκλμνοπθρστυϖωξψζ{|}∼"
    + " " * 33
    + "€ϒ′≤⁄∞ƒ♣♦♥♠↔←↑→↓°±″≥×∝∂•÷≠≡≈…⏐⎯↵ℵℑℜ℘⊗⊕∅∩∪⊃⊇⊄⊂⊆∈∉∠∇®©™∏√⋅¬∧∨⇔⇐⇑⇒⇓◊〈®©™∑"
)
_FONTS = {
    "wingdings": _WINGDINGS,
    "wingdings 2": _WINGDINGS_2,
    "webdings": _WEBDINGS,
    "symbol": {0x20 + at: sign for at, sign in enumerate(_SYMBOL)},
}


def read_symbol(font: str, code: str) -> str:
    """The sign with that hexadecimal code in the font; empty if it is none that text is read for."""
    try:
        number = int(code[:8], 16)
    except ValueError:
        return ""
    signs = _FONTS.get(font.strip().lower())
    if signs is not None:
        return signs.get(number & 0xFF, "") if number < 0x100 or _FIRST <= number <= _LAST else ""
    return chr(number) if 0x20 <= number < 0xD800 else ""


def read_letters(text: str, font: str) -> str:
    """The text with the letters of Unicode's private area as the signs that a symbol font shows for them."""
    if text.isascii() or font.strip().lower() not in _FONTS:
        return text
    return "".join(
        read_symbol(font, f"{ord(letter):X}") if _FIRST <= ord(letter) <= _LAST else letter for letter in text
    )
