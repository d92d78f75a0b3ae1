"""What the program itself says of an answer, in the language of the question. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, NamedTuple

from rag.text.language import detect_languages
from rag.types import Restriction, Retrieval

if TYPE_CHECKING:  # `search` says a remark, too, and needs none of what finds versions
    from rag.answering.several import Several

_SURE_OF_LANGUAGE = 0.5
"""A question whose likeliest language is less likely has too few words to tell; then its passages' language decides."""
_MOST_WORDS = 4
"""Words of each kind that are named."""


class _Sentences(NamedTuple):
    """The sentences in one language."""

    name: str
    """The language's English name."""
    not_found: str
    not_found_there: str
    """The same of documents that the user has chosen."""
    unknown: str
    """Words that no document has; ``{words}`` stands for them."""
    known: str
    """Words that some have, behind that."""
    nearest: str
    """Introduces the quotes of an answer that wasn't found."""
    unsure: str
    unread: str
    """The model found nothing in passages that retrieval takes for the answer."""
    unproved: str
    """The passages don't say what the model says."""
    differ: str
    """Documents say different things of the same; ``{versions}`` stands for what each says."""
    newest: str
    """Which of them is the newest: ``{source}``."""
    choose: str
    """Several things may be meant; ``{versions}`` stands for them."""


_SENTENCES = {
    "en": _Sentences(
        "English",
        "Your documents don't seem to answer this.",
        "The documents you chose don't seem to answer this.",
        "Not in your documents: {words}.",
        "In them: {words}.",
        "The nearest passages:",
        "This may not be what you asked for; it is the nearest your documents have.",
        "The model found no answer in the passages; these come nearest.",
        "The passages don't clearly say this; compare it with the quotes.",
        "Your documents differ: {versions}.",
        "The newest is {source}.",
        "This may mean several things: {versions}. Which one do you mean?",
    ),
    "de": _Sentences(
        "German",
        "Ihre Dokumente scheinen das nicht zu beantworten.",
        "Die gewählten Dokumente scheinen das nicht zu beantworten.",
        "In Ihren Dokumenten steht nicht: {words}.",
        "Darin steht: {words}.",
        "Die nächstliegenden Stellen:",
        "Das ist vielleicht nicht, was Sie wissen wollten; näher kommen Ihre Dokumente nicht.",
        "Das Modell fand in den Stellen keine Antwort; diese kommen ihr am nächsten.",
        "Die Stellen sagen das nicht eindeutig; vergleichen Sie es mit den Zitaten.",
        "Ihre Dokumente sagen Verschiedenes: {versions}.",
        "Das neueste ist {source}.",
        "Das kann mehreres meinen: {versions}. Was davon meinen Sie?",
    ),
    "fr": _Sentences(
        "French",
        "Vos documents ne semblent pas répondre à cette question.",
        "Les documents choisis ne semblent pas répondre à cette question.",
        "Absent de vos documents : {words}.",
        "Présent : {words}.",
        "Les passages les plus proches :",
        "Ce n'est peut-être pas ce que vous cherchez ; c'est ce que vos documents ont de plus proche.",
        "Le modèle n'a pas trouvé de réponse dans les passages ; ceux-ci en sont les plus proches.",
        "Les passages ne le disent pas clairement ; comparez avec les citations.",
        "Vos documents se contredisent : {versions}.",
        "Le plus récent est {source}.",
        "Cela peut désigner plusieurs choses : {versions}. Laquelle voulez-vous dire ?",
    ),
    "es": _Sentences(
        "Spanish",
        "Sus documentos no parecen responder a esto.",
        "Los documentos elegidos no parecen responder a esto.",
        "No está en sus documentos: {words}.",
        "Sí está: {words}.",
        "Los pasajes más cercanos:",
        "Puede que no sea lo que busca; es lo más cercano que tienen sus documentos.",
        "El modelo no encontró respuesta en los pasajes; estos son los más cercanos.",
        "Los pasajes no lo dicen con claridad; compárelo con las citas.",
        "Sus documentos no coinciden: {versions}.",
        "El más reciente es {source}.",
        "Puede referirse a varias cosas: {versions}. ¿A cuál se refiere?",
    ),
    "da": _Sentences(
        "Danish",
        "Dine dokumenter ser ikke ud til at besvare dette.",
        "De valgte dokumenter ser ikke ud til at besvare dette.",
        "Ikke i dine dokumenter: {words}.",
        "I dem: {words}.",
        "De nærmeste steder:",
        "Det er måske ikke det, du spurgte om; det er det nærmeste i dine dokumenter.",
        "Modellen fandt intet svar i stederne; disse kommer nærmest.",
        "Stederne siger det ikke klart; sammenlign med citaterne.",
        "Dine dokumenter siger noget forskelligt: {versions}.",
        "Det nyeste er {source}.",
        "Det kan betyde flere ting: {versions}. Hvilken mener du?",
    ),
    "ru": _Sentences(
        "Russian",
        "Похоже, в ваших документах нет ответа на этот вопрос.",
        "Похоже, в выбранных документах нет ответа на этот вопрос.",
        "Нет в документах: {words}.",
        "Есть: {words}.",
        "Ближайшие места:",
        "Возможно, это не то, о чём вы спросили; ближе в ваших документах ничего нет.",
        "Модель не нашла ответа в этих местах; они самые близкие.",
        "В документах это не сказано прямо; сравните с цитатами.",
        "Ваши документы расходятся: {versions}.",
        "Самый новый — {source}.",
        "Это может относиться к разному: {versions}. Что вы имеете в виду?",
    ),
    "ja": _Sentences(
        "Japanese",
        "文書の中に答えは見つからないようです。",
        "選ばれた文書の中に答えは見つからないようです。",
        "文書にない言葉：{words}。",
        "ある言葉：{words}。",
        "最も近い箇所：",
        "お尋ねの答えではないかもしれません。文書の中で最も近い箇所です。",
        "モデルはこれらの箇所に答えを見つけられませんでした。最も近い箇所です。",
        "文書にははっきりとは書かれていません。引用と比べてください。",
        "文書によって内容が異なります：{versions}。",
        "最も新しいのは {source} です。",
        "いくつかの対象が考えられます：{versions}。どれのことですか。",
    ),
    "zh": _Sentences(
        "Chinese",
        "您的文档似乎没有回答这个问题。",
        "所选文档似乎没有回答这个问题。",
        "文档中没有：{words}。",
        "文档中有：{words}。",
        "最接近的段落：",
        "这可能不是您要的答案，但它是文档中最接近的内容。",
        "模型在这些段落中没有找到答案；它们最为接近。",
        "段落没有明确这样说；请与引文对照。",
        "各文档说法不一：{versions}。",
        "最新的是 {source}。",
        "可能指多项：{versions}。您指的是哪一项？",
    ),
    "ko": _Sentences(
        "Korean",
        "문서에 이 질문에 대한 답이 없는 것 같습니다.",
        "선택한 문서에 이 질문에 대한 답이 없는 것 같습니다.",
        "문서에 없는 말: {words}.",
        "있는 말: {words}.",
        "가장 가까운 부분:",
        "찾으시는 답이 아닐 수 있습니다. 문서에서 가장 가까운 부분입니다.",
        "모델이 이 부분에서 답을 찾지 못했습니다. 가장 가까운 부분입니다.",
        "문서에 분명하게 나와 있지 않습니다. 인용문과 비교해 보세요.",
        "문서마다 내용이 다릅니다: {versions}.",
        "가장 최근 문서는 {source}입니다.",
        "여러 가지를 뜻할 수 있습니다: {versions}. 어느 것을 말씀하시나요?",
    ),
}


def say_not_found(retrieval: Retrieval, only: Restriction | None = None) -> str:
    """That the documents don't answer it, which of its words they don't have, and that quotes of the nearest follow."""
    say = _choose_sentences(retrieval)
    unknown, known = (", ".join(words[:_MOST_WORDS]) for words in (retrieval.unknown_words, retrieval.known_words))
    parts = [say.not_found_there if only else say.not_found]
    if unknown:
        parts.append(say.unknown.format(words=unknown))
    if unknown and known:
        parts.append(say.known.format(words=known))
    return " ".join([*parts, say.nearest])


def say_unsure(retrieval: Retrieval) -> str:
    """That what stands above may not be the answer, and which of the question's words the documents don't have."""
    say, unknown = _choose_sentences(retrieval), ", ".join(retrieval.unknown_words[:_MOST_WORDS])
    return f"{say.unsure} {say.unknown.format(words=unknown)}" if unknown else say.unsure


def say_unread(retrieval: Retrieval) -> str:
    """That the model found no answer where retrieval thinks that there is one."""
    return _choose_sentences(retrieval).unread


def say_unproved(retrieval: Retrieval) -> str:
    """That the passages don't bear the model's words out."""
    return _choose_sentences(retrieval).unproved


def say_several(retrieval: Retrieval, several: Several) -> str:
    """What each document says, and which is the newest; or which of them may be meant."""
    say = _choose_sentences(retrieval)
    if several.kind == "choices":
        return say.choose.format(versions="; ".join(f"{one.value} ({one.source})" for one in several.versions))
    places = (", ".join(filter(None, (one.source, one.date))) for one in several.versions)
    versions = "; ".join(f"{one.value} ({place})" for one, place in zip(several.versions, places, strict=True))
    newest = say.newest.format(source=several.newest) if several.newest else ""
    return " ".join(filter(None, (say.differ.format(versions=versions), newest)))


def say_part_missing(part: str) -> str:
    """That the documents don't hold one part of the question, in English as the question is."""
    return f"Your documents don't seem to say this part: “{part}”."


def name_language(retrieval: Retrieval) -> str:
    """The English name of the language of the question; empty where it is none that the program speaks."""
    sentences = _SENTENCES.get(_list_languages(retrieval)[0])
    return sentences.name if sentences else ""


def _choose_sentences(retrieval: Retrieval) -> _Sentences:
    return next((_SENTENCES[one] for one in _list_languages(retrieval) if one in _SENTENCES), _SENTENCES["en"])


def _list_languages(retrieval: Retrieval) -> list[str]:
    """The languages that the question may be in, the likeliest first."""
    language, probability = detect_languages(retrieval.question)[0]
    spoken: Sequence[str] = [language] if probability >= _SURE_OF_LANGUAGE else []
    read = [hit.stored.language for hit in retrieval.hits[:1]]
    return [*spoken, *read, language]
