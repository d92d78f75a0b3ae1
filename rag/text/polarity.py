"""Whether a sentence affirms or denies, and which way it points, by its words in nine languages. Pure.

Words that deny are counted: "not allowed" and "forbidden" deny once, "no motion was rejected" twice, which affirms.
"""

from __future__ import annotations

import re

_IDLE = re.compile(
    r"\b(?:no(?:t)? (?:later|earlier|sooner|more|less|fewer) than|not only|not just|no doubt|nicht (?:nur"
    r"|später als|mehr als|weniger als|vor)|keine? (?:mehr|weniger) als|pas (?:plus|moins) (?:de|tard)"
    r"|non seulement|ne \w+ que"
    r"|no (?:más|menos) (?:de|tarde)|no solo|no sólo|ikke (?:kun|senere end|mere end|mindre end|før)"
    r"|не (?:позднее|более|менее|только|раньше))\b|N°|\bno\. ?\d"
    r"|(?:なければ|なくては|なきゃ)(?:なら|いけ)な[いりか]\w?|ないと(?:いけ|なら)ない|ざるを得ない|だけでなく|だけではなく|少なくとも|間もなく"
    r"|不仅|不但|不少于|不超过|不得不|不同|不断|不久|만 아니라|안내|안전|안에"
    r"|(?:しかない|ほかない)",
    re.IGNORECASE,
)
"""Phrases whose negation denies nothing."""
_DENIALS = re.compile(
    # English, with verbs that deny
    r"\b(?:not|no|never|none|nobody|nothing|without|neither|nor|cannot|\w+n['’]t|forb[ia]d\w*|prohibit\w*|bann\w+"
    r"|exclud\w*|reject\w*|refus\w*|den(?:y|ies|ied)|fail(?:s|ed)?|closed?|closes|void|voted down"
    # German
    r"|nicht|kein\w*|nie|niemals|nichts|niemand\w*|ohne|verboten\w*|untersagt\w*|verbiet\w+|\w*verbot\w*|ausgeschlossen"
    r"|abgelehnt\w*|lehn(?:t|te|ten)|abzulehnen|geschlossen\w*|schließ(?:t|en)"
    # French
    r"|pas|non|jamais|rien|aucune?s?|sans|interdi\w*|défendue?s?|exclu\w*|rejet\w*|refus\w*|fermée?s?|fermer?|ferment"
    # Spanish
    r"|nunca|jamás|nada|nadie|ningun\w*|ningún|sin|prohib\w*|excluy\w*|excluid\w*|rechaz\w*|cerrad\w*|cierran?"
    # Danish
    r"|ikke|ingen|intet|aldrig|uden|forbudt|afvist|afviste|lukket|lukker|nedstemt|forkastet"
    # Russian
    r"|не|нет|ни|никогда|никто|ничего|без|нельзя|запрещ\w*|отклон\w*|закрыт\w*|исключ\w*)\b"
    # Japanese, Chinese, Korean
    r"|な(?:い|く|かっ|けれ)|ません|せず|ずに|禁止|否決|却下|除外|不可|廃止|不|没|未(?!満|来)|无|無(?:し|効)|否决|拒绝|勿|别|禁"
    r"|않|없|못|아니|(?<!\w)안 |금지|불가|거부|부결",
    re.IGNORECASE,
)
_WAYS = (
    (
        re.compile(
            r"\b(?:ris(?:e|es|en|ing)|rose|rais\w+|increas\w*|goes up|grow\w*|grew|steig\w*|stieg\w*|erhöh\w*|angehoben"
            r"|augment\w*|hausse\w*|sub(?:e|en|ió|ieron|irá)|aument\w*|stiger|steg|forhøj\w*|вырос\w*|повыш\w*|увелич\w*)\b"
            r"|上が[るりっ]|値上げ|増[えや加]|上涨|提高|增加|오르|올라|인상|증가",
            re.IGNORECASE,
        ),
        re.compile(
            r"\b(?:fall(?:s|en|ing)?|fell|drop\w*|decreas\w*|lower(?:s|ed)|declin\w*|reduc\w*|goes down|sink\w*|sank\w*"
            r"|gesenkt|senk\w*|gefallen|baiss\w*|diminu\w*|baj(?:a|an|ó|aron|ará)|disminu\w*|reduj\w*|falder|faldt|sænk\w*"
            r"|снизил\w*|сниж\w*|уменьш\w*|упал\w*)\b|下が[るりっ]|値下げ|減[るりっ少]|下降|降低|减少|내리|내려|인하|감소",
            re.IGNORECASE,
        ),
    ),
    (
        re.compile(
            r"\b(?:at least|minimum|min\.|or more|mindestens|au moins|minimum|al menos|como mínimo|mindst"
            r"|не менее|минимум)\b"
            r"|以上|少なくとも|最低|至少|최소|이상",
            re.IGNORECASE,
        ),
        re.compile(
            r"\b(?:at most|maximum|max\.|up to|or less|höchstens|maximal|au plus|maximum|jusqu['’]à|como máximo"
            r"|hasta|højst|не более|максимум)\b|以下|以内|まで|最大|最高|至多|最多|최대|이하",
            re.IGNORECASE,
        ),
    ),
)
"""Words that point in opposite ways: up and down, at least and at most."""


def count_denials(text: str) -> int:
    """How many words of the text deny something."""
    return len(_DENIALS.findall(_IDLE.sub(" ", text)))


def points_otherwise(claim: str, text: str) -> bool:
    """Whether the claim has a word of which the text has only the opposite: it rises, where the text says it falls."""
    for one, other in _WAYS:
        for this, that in ((one, other), (other, one)):
            in_claim, in_text = this.search(claim), that.search(text)
            if in_claim and in_text and not that.search(claim) and not this.search(text):
                return True
    return False
