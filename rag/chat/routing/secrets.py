"""Keys, tokens and passwords in a text: by the forms that their makers give them, or by the words before them. Pure.

The forms are those that detect-secrets 1.5 and gitleaks 8 look for, as far as a key can be told by itself.
"""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Iterator

_LONG = re.compile(r"-----BEGIN [A-Z0-9 ]{0,30}PRIVATE KEY[A-Z ]{0,8}-----|\S{14,}")
"""What is long enough for a key; searching for the forms only there saves most of the time."""
_FORMS = re.compile(
    "|".join(
        (
            r"-----BEGIN (?:[A-Z0-9]+ ){0,3}PRIVATE KEY(?: BLOCK)?-----",
            r"\b(?:A3T[A-Z0-9]|AKIA|ASIA|ABIA|ACCA)[A-Z0-9]{16}\b",  # Amazon
            r"\b(?:gh[pousr]_[A-Za-z0-9]{36,251}|github_pat_[A-Za-z0-9_]{22,255})\b",
            r"\bglpat-[\w-]{20,}",
            r"\bxox[abeoprs]-[\w-]{10,}|\bxapp-\d-[\w-]{10,}|hooks\.slack\.com/services/[\w/]{20,}",
            r"\bAIza[\w-]{35}(?![\w-])|\bya29\.[\w-]{20,}|\bGOCSPX-[\w-]{28}",  # Google
            r"\bsk-(?:proj|ant|svcacct|admin|or|live|test)-[\w-]{16,}|\bsk-[A-Za-z0-9]{20,}",  # model servers
            r"\bhf_[A-Za-z0-9]{30,}|\bgsk_[A-Za-z0-9]{40,}|\br8_[A-Za-z0-9]{37,}|\bpplx-[A-Za-z0-9]{40,}",
            r"\b[rs]k_(?:live|test|prod)_[A-Za-z0-9]{10,}|\bwhsec_[A-Za-z0-9+/=]{20,}",  # Stripe
            r"\bSG\.[\w-]{16,32}\.[\w-]{16,64}",  # SendGrid
            r"\b(?:AC|SK)[0-9a-f]{32}\b",  # Twilio
            r"\b(?:npm_[A-Za-z0-9]{36}|pypi-[\w-]{40,}|dckr_pat_[\w-]{20,}|dop_v1_[0-9a-f]{64}|shp(?:at|ca|pa"
            r"|ss)_[0-9a-fA-F]{32})",
            r"\b(?:EAAC|EAAB|EAAG)[A-Za-z0-9]{20,}|\b\d{8,10}:AA[\w-]{32,35}(?![\w-])",  # Facebook, Telegram
            r"\beyJ[\w-]{8,}\.eyJ[\w-]{8,}\.[\w-]{8,}",  # JSON web token
            r"\b[a-z][a-z0-9+.-]{1,20}://[^\s/:@'\"]{0,64}:[^\s/@'\"]{3,128}@[\w.-]+",  # a password within an address
            r"\b(?:AccountKey|SharedAccessKey|sig)=[A-Za-z0-9+/%]{20,}={0,2}",  # Azure
            r"\bAGE-SECRET-KEY-1[A-Z0-9]{58}|\bvault:v\d:[\w+/=]{20,}|\bhvs\.[\w-]{24,}",
        )
    )
)

_NAMES = (
    r"pass(?:word|wort|phrase|code|wd)?|pwd|pw|kennwort|passwort|zugangscode|mot de passe|mdp|code d'accès"
    r"|contraseña|clave"
    r"|contrasena|palabra clave|palavra-passe|senha|password di accesso|parola d'ordine|parola chiave"
    r"|wachtwoord|toegangscode"
    r"|hasło|haslo|пароль|кодовое слово|şifre|parola|lösenord|adgangskode|passord|salasana|heslo|jelszó|κωδικός"
    r"|パスワード|暗証番号|合言葉|密码|密碼|口令|비밀번호|암호|पासवर्ड|كلمة (?:السر|المرور)"
    r"|pin(?:[- ]?(?:code|nummer|number))?|puk|api[-_ ]?(?:key|schlüssel|token)|(?:access|auth|bearer|refresh"
    r"|secret|private|security)[-_ ]?(?:key|token|code)"
    r"|client[-_ ]?secret|secret|token|credentials?|clé (?:d'api|api|secrète|privée)|clave (?:de )?(?:api"
    r"|secreta|privada)"
    r"|chave (?:de )?(?:api|secreta|privada)|chiave (?:api|segreta|privata)|geheime? (?:sleutel|schlüssel)"
    r"|api-sleutel|klucz (?:api|prywatny)"
    r"|ключ(?: api)?|токен|api ?キー|秘密鍵|アクセスキー|トークン|api ?密钥|密钥|令牌|api ?키|토큰"
    r"|wi-?fi[- ]?(?:key|code)|wlan[- ]?schlüssel"
)
_JOINT = r"(?:is|was|are|ist|war|lautet|heißt|est|était|es|era|è|é|foi|is|luidt|to|jest|är|er|on|это)"
_OF = (
    r"(?:for|of|to|on|at|from|in|für|von|vom|zum|zur|im|beim|pour|de|du|des|para|del|di|per|da|do|dos|van|voor|от|для|к"
    r"|till|för|na)"
)
_NAMED = re.compile(
    rf"(?<![A-Za-z0-9\u00c0-\u024f\u0400-\u04ff])(?:[A-Za-z0-9-]{{0,30}}[_-])?(?P<name>{_NAMES})"
    rf"(?P<more>[\"'`]?(?: {_OF}(?: [\w@./-]{{1,30}}){{1,4}}?)?)"
    rf"(?P<joint>\s*[=:：]>?\s*|\s+{_JOINT}\s*:?\s+|\s*(?:は|为|為|是|는|은|:)\s*|\s+(?=[\"'`„“«「]|\d{{4}})|(?<=пароль)\s+)"
    r"(?P<quote>[\"'`„“«「]?)(?P<value>[^\s\"'`”“»」,;]{3,200})",
    re.IGNORECASE,
)
_PLACEHOLDER = re.compile(
    r"^(?:<.*|:.*|\$?\{.*|\$[\w(].*|(?-i:[A-Z]+_[A-Z_]+)|my[-_].*|[\w.]+\(.*|\w*::\w.*|[&@]\w+|%\w+%?|\*+|x{3,}"
    r"|\.{3,}|_+|your[-_]?.*|none|null|nil|true|false|undefined|required|optional|string|str"
    r"|os\.(?:environ|getenv).*|process\.env.*|getenv.*|input\(.*|\[.*|\(.*|https?://.*)$",
    re.IGNORECASE,
)
_OWN = re.compile(
    r"\b(?:my|our|mein|meine|unser|mon|ma|notre|mi|nuestra|mio|mia|il mio|la mia|minha|meu|mijn|ons|moje|мой"
    r"|наш|mitt|min)\b"
    r"|私の|僕の|我的|내|제|우리",
    re.IGNORECASE,
)
_BEFORE = 25
"""Characters before the word for a password in which it is told whose it is."""
_TOO_COMMON = re.compile(
    r"^(?:not|wrong|too|invalid|expired|required|incorrect|lost|gone|the|an?|no|never|always|still|only|falsch"
    r"|nicht|abgelaufen"
    r"|zu|ein|eine|der|die|das|pas|trop|expiré|invalide|le|la|une?|incorrecta|no|demasiado|caducada|el|non"
    r"|sbagliata|scaduta|errada"
    r"|não|muito|expirada|niet|verkeerd|verlopen|te|het|een|не|неверный|устарел|stored|changed|reset|shown|safe"
    r"|secure|weak|strong"
    r"|where|what|how|when|why|who|gespeichert|sicher|wo|wie|was|où|comment|dove|come|onde|como|waar|hoe|где|какой)$",
    re.IGNORECASE,
)
_LONG_RANDOM = re.compile(
    r"(?<![\w/+=.-])(?=\S{0,200}\d)(?=\S{0,200}[A-Za-z])(?:[A-Za-z0-9_+=-]{32,200}|[A-Za-z0-9/+]{40})(?![\w/+=-])"
)
_FEWEST_DIGITS = 3
"""Digits of a random word of 32 letters and digits; names in code have fewer, or a word of a language."""
_RANDOM_BITS = 4.2
"""Bits a character of a long word of mixed case that nobody made up: those of base 64 have some 4.5, hexadecimal
checksums 3.7 and names of code less than 4."""


def find_secrets(text: str) -> Iterator[str]:
    """The keys and passwords of a text, with the words that tell them."""
    for place in _LONG.finditer(text):
        if match := _FORMS.search(place[0]):
            yield match[0]
    for match in _NAMED.finditer(text):
        if _is_value(match):
            yield match[0]
    for match in _LONG_RANDOM.finditer(text):
        word = match[0]
        if (
            word.lower() != word != word.upper()
            and len(re.findall(r"\d", word)) >= _FEWEST_DIGITS
            and not re.search("[a-z]{7}", word)
            and _count_bits(word) >= _RANDOM_BITS
        ):
            yield word


def _is_value(match: re.Match[str]) -> bool:
    """Whether what follows the word for a password can be one: no word of a sentence on passwords, no placeholder."""
    value = match["value"].rstrip(".!?。)")
    if len(value) < 3 or _PLACEHOLDER.match(value):
        return False
    has_sign = re.search(r"[\d!@#$%^&*_+=~]|[a-z][A-Z]", value) is not None
    is_last = match.string[match.end() :].strip(" .!?。'\"”»").split("\n")[0] == ""
    is_assigned = "=" in match["joint"] or match["quote"] != "" or (":" in match["joint"] and is_last)
    if re.fullmatch(r"\d{1,3}|\d{1,2}[.:]\d{2}|(?:19|20)\d\d-\d\d?-\d\d?", value):
        return False
    if has_sign or is_assigned:
        return len(value) >= 4
    before = match.string[max(0, match.start() - _BEFORE) : match.start()]
    is_own = _OWN.search(before + match["more"]) is not None
    return is_own and len(value) >= 4 and not _TOO_COMMON.match(value)


def _count_bits(word: str) -> float:
    """Shannon's entropy of the word's characters, in bits a character."""
    return -sum(count / len(word) * math.log2(count / len(word)) for count in Counter(word).values())
