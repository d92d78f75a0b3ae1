"""Months and days of the week in the languages that number formats name. Pure."""

from __future__ import annotations

_NAMES = {
    "en": "January February March April May June July August September October November December"
    "|Monday Tuesday Wednesday Thursday Friday Saturday Sunday",
    "de": "Januar Februar März April Mai Juni Juli August September Oktober November Dezember"
    "|Montag Dienstag Mittwoch Donnerstag Freitag Samstag Sonntag",
    "fr": "janvier février mars avril mai juin juillet août septembre octobre novembre décembre"
    "|lundi mardi mercredi jeudi vendredi samedi dimanche",
    "es": "enero febrero marzo abril mayo junio julio agosto septiembre octubre noviembre diciembre"
    "|lunes martes miércoles jueves viernes sábado domingo",
    "it": "gennaio febbraio marzo aprile maggio giugno luglio agosto settembre ottobre novembre dicembre"
    "|lunedì martedì mercoledì giovedì venerdì sabato domenica",
    "pt": "janeiro fevereiro março abril maio junho julho agosto setembro outubro novembro dezembro"
    "|segunda-feira terça-feira quarta-feira quinta-feira sexta-feira sábado domingo",
    "nl": "januari februari maart april mei juni juli augustus september oktober november december"
    "|maandag dinsdag woensdag donderdag vrijdag zaterdag zondag",
    "sv": "januari februari mars april maj juni juli augusti september oktober november december"
    "|måndag tisdag onsdag torsdag fredag lördag söndag",
    "da": "januar februar marts april maj juni juli august september oktober november december"
    "|mandag tirsdag onsdag torsdag fredag lørdag søndag",
    "nb": "januar februar mars april mai juni juli august september oktober november desember"
    "|mandag tirsdag onsdag torsdag fredag lørdag søndag",
    "fi": "tammikuu helmikuu maaliskuu huhtikuu toukokuu kesäkuu heinäkuu elokuu syyskuu lokakuu marraskuu joulukuu"
    "|maanantai tiistai keskiviikko torstai perjantai lauantai sunnuntai",
    "pl": "styczeń luty marzec kwiecień maj czerwiec lipiec sierpień wrzesień październik listopad grudzień"
    "|poniedziałek wtorek środa czwartek piątek sobota niedziela",
    "cs": "leden únor březen duben květen červen červenec srpen září říjen listopad prosinec"
    "|pondělí úterý středa čtvrtek pátek sobota neděle",
    "hu": "január február március április május június július augusztus szeptember október november december"
    "|hétfő kedd szerda csütörtök péntek szombat vasárnap",
    "tr": "Ocak Şubat Mart Nisan Mayıs Haziran Temmuz Ağustos Eylül Ekim Kasım Aralık"
    "|Pazartesi Salı Çarşamba Perşembe Cuma Cumartesi Pazar",
    "ru": "январь февраль март апрель май июнь июль август сентябрь октябрь ноябрь декабрь"
    "|понедельник вторник среда четверг пятница суббота воскресенье",
    "uk": "січень лютий березень квітень травень червень липень серпень вересень жовтень листопад грудень"
    "|понеділок вівторок середа четвер п'ятниця субота неділя",
    "el": "Ιανουάριος Φεβρουάριος Μάρτιος Απρίλιος Μάιος Ιούνιος Ιούλιος Αύγουστος Σεπτέμβριος Οκτώβριος Νοέμβριος"
    " Δεκέμβριος|Δευτέρα Τρίτη Τετάρτη Πέμπτη Παρασκευή Σάββατο Κυριακή",
    "ro": "ianuarie februarie martie aprilie mai iunie iulie august septembrie octombrie noiembrie decembrie"
    "|luni marți miercuri joi vineri sâmbătă duminică",
    "ja": "1月 2月 3月 4月 5月 6月 7月 8月 9月 10月 11月 12月|月曜日 火曜日 水曜日 木曜日 金曜日 土曜日 日曜日",
    "zh": "一月 二月 三月 四月 五月 六月 七月 八月 九月 十月 十一月 十二月"
    "|星期一 星期二 星期三 星期四 星期五 星期六 星期日",
    "ko": "1월 2월 3월 4월 5월 6월 7월 8월 9월 10월 11월 12월|월요일 화요일 수요일 목요일 금요일 토요일 일요일",
}
_OF_A_DAY = {
    "pl": "stycznia lutego marca kwietnia maja czerwca lipca sierpnia września października listopada grudnia",
    "cs": "ledna února března dubna května června července srpna září října listopadu prosince",
    "ru": "января февраля марта апреля мая июня июля августа сентября октября ноября декабря",
    "uk": "січня лютого березня квітня травня червня липня серпня вересня жовтня листопада грудня",
    "el": "Ιανουαρίου Φεβρουαρίου Μαρτίου Απριλίου Μαΐου Ιουνίου Ιουλίου Αυγούστου Σεπτεμβρίου Οκτωβρίου Νοεμβρίου"
    " Δεκεμβρίου",
}
"""The months as they stand beside a day, where that is another case."""
_SHORT_DAY = {"de": 2, "nl": 2, "da": 3, "fi": 2, "pt": 3, "ja": 1, "ko": 1, "ru": 2, "uk": 2, "hu": 2, "cs": 2}
"""Letters of a day's short name where they aren't three. Japanese and Korean have the sign alone, Chinese the last."""
_SHORT_MONTHS = {
    "fr": "janv. févr. mars avr. mai juin juil. août sept. oct. nov. déc.",
    "de": "Jan Feb Mrz Apr Mai Jun Jul Aug Sep Okt Nov Dez",
    "tr": "Oca Şub Mar Nis May Haz Tem Ağu Eyl Eki Kas Ara",
    "nl": "jan feb mrt apr mei jun jul aug sep okt nov dec",
}
"""Months whose short names aren't their first three letters."""
_PRIMARY = {
    0x04: "zh", 0x05: "cs", 0x06: "da", 0x07: "de", 0x08: "el", 0x09: "en", 0x0A: "es", 0x0B: "fi", 0x0C: "fr",
    0x0E: "hu", 0x10: "it", 0x11: "ja", 0x12: "ko", 0x13: "nl", 0x14: "nb", 0x15: "pl", 0x16: "pt", 0x18: "ro",
    0x19: "ru", 0x1D: "sv", 0x1F: "tr", 0x22: "uk",
}  # fmt: skip
"""Languages by the low ten bits of Windows' number for a locale."""


def find_language(locale: str) -> str:
    """The language of ``407`` or ``de-DE``; empty for one whose names aren't known."""
    try:
        return _PRIMARY.get(int(locale[-6:], 16) & 0x3FF, "")
    except ValueError:
        tag = locale[:2].lower()
        return tag if tag in _NAMES else "nb" if tag in ("no", "nn") else ""


def name_month(month: int, language: str, *, is_short: bool, is_of_day: bool = False) -> str:
    """The month's name, 1 for January; `is_of_day` says that a day stands beside it."""
    if is_of_day and not is_short and language in _OF_A_DAY:
        return _OF_A_DAY[language].split()[month - 1]
    name = _NAMES[language].partition("|")[0].split()[month - 1]
    if not is_short or language in ("ja", "zh", "ko"):
        return name
    return _SHORT_MONTHS[language].split()[month - 1] if language in _SHORT_MONTHS else name[:3]


def name_day(weekday: int, language: str, *, is_short: bool) -> str:
    """The day's name, 0 for Monday."""
    name = _NAMES[language].partition("|")[2].split()[weekday]
    if not is_short:
        return name
    return f"周{name[-1]}" if language == "zh" else name[: _SHORT_DAY.get(language, 3)]
