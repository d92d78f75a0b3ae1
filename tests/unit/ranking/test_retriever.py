import numpy as np
import pytest

from rag.errors import IndexUnusableError, SettingsError
from rag.index.lexical.entry import LexicalEntry
from rag.index.lexical.index import LexicalIndex
from rag.ranking.retriever import Retriever
from rag.ranking.sentences import REMEMBERED_PASSAGES
from rag.settings import DEFAULT_EMBED_MODEL
from rag.types import MODES, Chunk, Restriction, StoredChunk
from tests.packaged import packaged_tokenizer, spread_of

CHUNKS = [
    Chunk("manuals/boiler.md", 0, "Tighten the valve before you start the pump.", "Boiler manual", "Setup"),
    Chunk("manuals/boiler.md", 1, "Clean the filter every spring with warm water.", "Boiler manual", "Care"),
    Chunk("hr/leave.md", 0, "Employees get thirty days of annual leave in every year.", "Leave"),
    Chunk("filings/2022 Q3 ACME.md", 0, "ACME Corporation, quarterly report for the third quarter."),
    Chunk("filings/2022 Q3 ACME.md", 1, "Net sales rose by eight percent to forty million."),
    Chunk("filings/2022 Q3 OTHER.md", 0, "Other Corporation, quarterly report for the third quarter."),
    Chunk("filings/2022 Q3 OTHER.md", 1, "Net sales rose by eight percent to fifty million."),
]
VOCABULARY = sorted({word.strip(".,").lower() for chunk in CHUNKS for word in chunk.text.split()})


class WordEmbedder:
    """Counts words: near enough to meaning for texts that share them."""

    fingerprint = "words"

    def __init__(self, name=""):
        self.name = name
        self.tokenizer = packaged_tokenizer()
        self.spread = spread_of(self.embed_query)

    def embed_query(self, text):
        words = {word.strip(".,?").lower() for word in text.split()}
        vector = np.array([word in words for word in VOCABULARY], np.float32) + 0.01
        return vector / np.linalg.norm(vector)

    def embed_documents(self, texts):
        return np.stack([self.embed_query(text) for text in texts])


class SmallIndex:
    """An index and its only snapshot."""

    embed_model = DEFAULT_EMBED_MODEL
    embedding = WordEmbedder.fingerprint

    def __init__(self, folder, chunks, has_vectors=True):
        self.stored = {n: StoredChunk(n, chunk) for n, chunk in enumerate(chunks, 1)}
        self.chunk_count, self.has_vectors = len(chunks), has_vectors and bool(chunks)
        self.lexical_index = LexicalIndex(folder / "lexical")
        self.lexical_index.add(
            LexicalEntry(n, c.source, c.ordinal, c.title, c.section, c.text) for n, c in enumerate(chunks, 1)
        )
        self.lexical_index.commit()

    def read(self, fn):
        return fn(self)

    def search_vectors(self, vector, limit, only):
        embedder = WordEmbedder()
        cosines = {n: float(embedder.embed_query(s.chunk.text) @ vector) for n, s in self._allowed(only).items()}
        return sorted(cosines.items(), key=lambda hit: -hit[1])[:limit]

    def _allowed(self, only):
        folder = (only.folder or "") if only else ""
        return {n: stored for n, stored in self.stored.items() if stored.chunk.source.startswith(folder)}

    def search_words(self, question, limit, only, terms):
        return self.lexical_index.search(question, limit, only, terms)

    def can_search_words(self, question):
        return bool(self.search_words(question, 1, None, None))

    def read_places(self, ids):
        return {id_: (stored.chunk.source, stored.chunk.ordinal) for id_, stored in self.read_chunks(ids).items()}

    def read_chunks(self, ids):
        return {id_: self.stored[id_] for id_ in ids if id_ in self.stored}

    def read_openings(self, sources):
        chunks = (stored.chunk for stored in self.stored.values())
        return {chunk.source: chunk.text for chunk in chunks if chunk.source in sources and not chunk.ordinal}


def no_embedder(name):
    raise AssertionError("no vector is needed")


@pytest.fixture
def retriever(tmp_path):
    return Retriever(SmallIndex(tmp_path, CHUNKS), WordEmbedder, top_k=3)


def texts(retrieval):
    return [hit.chunk.text for hit in retrieval.hits]


@pytest.mark.parametrize("mode", MODES)
def test_every_mode_puts_the_passage_first(retriever, mode):
    found = retriever.retrieve("Which filter needs warm water in spring?", mode=mode)
    assert texts(found)[0] == CHUNKS[1].text
    assert found.mode == mode


def test_the_document_s_name_and_opening_choose_between_equal_passages(retriever):
    for company, amount in (("ACME", "forty"), ("Other", "fifty")):
        found = retriever.retrieve(f"How did net sales of {company} develop in Q3 2022?", mode="lexical")
        assert amount in " ".join(texts(found)[:1])


@pytest.mark.parametrize(("wish", "year"), [("latest", 2024), ("oldest", 2021)])
def test_the_edition_that_the_question_wishes_for_comes_first(tmp_path, wish, year):
    years = [2022, 2024, 2021, 2023]
    chunks = [Chunk(f"reports/{one}.md", 0, f"Net sales of the year rose by {one % 7} percent.") for one in years]
    note = Chunk("bus.md", 0, f"The {wish} bus.")
    index = SmallIndex(tmp_path, [*CHUNKS, *chunks, note])
    found = Retriever(index, WordEmbedder, top_k=3).retrieve(f"{wish} report of sales")
    assert found.hits[0].chunk.source == f"reports/{year}.md"


@pytest.mark.parametrize("count", [2, 120])
def test_the_only_note_with_the_word_comes_before_one_of_a_slightly_higher_cosine(tmp_path, monkeypatch, count):
    notes = [
        "The kettle is descaled every spring.",
        *(f"Leave is asked for in writing, rule {n}." for n in range(count)),
    ]
    index = SmallIndex(tmp_path, [Chunk(f"{n}.md", 0, text) for n, text in enumerate(notes)])
    cosines = [(id_, 0.5 if id_ == 1 else 0.55) for id_ in range(1, len(notes) + 1)]
    monkeypatch.setattr(index, "search_vectors", lambda *_: sorted(cosines, key=lambda hit: -hit[1]))
    found = Retriever(index, WordEmbedder, top_k=2).retrieve("descaled")
    assert texts(found)[0] == notes[0]
    assert [hit.lexical is None for hit in found.hits] == [False, True]


@pytest.mark.parametrize("count", [3, REMEMBERED_PASSAGES + 1])
def test_a_passage_with_a_fitting_sentence_comes_first_in_a_small_folder(tmp_path, monkeypatch, count):
    long, *others = [
        "Employees get thirty days. Clean the filter every spring. Net sales rose by eight percent.",
        *(f"The warm water of pump {n}." for n in range(count - 1)),
    ]
    index = SmallIndex(tmp_path, [Chunk(f"{n}.md", 0, text) for n, text in enumerate([long, *others])])
    # As a whole the long passage is a little further off; the words of the question are in none of them.
    cosines = [(id_, 0.4 if id_ == 1 else 0.5) for id_ in range(1, 4)]
    monkeypatch.setattr(index, "search_vectors", lambda *_: sorted(cosines, key=lambda hit: -hit[1]))
    monkeypatch.setattr(index, "search_words", lambda *_: [])
    found = Retriever(index, WordEmbedder, top_k=2).retrieve("clean filter spring")
    assert (texts(found)[0] == long) == (count <= REMEMBERED_PASSAGES)
    assert [hit.score for hit in found.hits] == sorted((hit.score for hit in found.hits), reverse=True)


@pytest.mark.parametrize(("question", "first"), [("purge_expired", "store.py"), ("the purge", "login.py")])
def test_what_defines_an_identifier_comes_before_what_uses_it(tmp_path, question, first):
    use = "store.purge_expired(now) and again store.purge_expired(later)"
    definition = "import time\n\n\ndef purge_expired(now):\n    return [key for key, begun in sessions.items() if now]"
    chunks = [Chunk("login.py", 0, use), Chunk("store.py", 0, definition), Chunk("b.md", 0, "Net sales rose.")]
    found = Retriever(SmallIndex(tmp_path, chunks), WordEmbedder, top_k=2).retrieve(question)
    assert found.hits[0].chunk.source == first


class TinyReranker:
    """Scores passages by a function; remembers what it was asked."""

    def __init__(self, score, *, language="", is_measured=False, at_most=100):
        self.score, self.language, self.is_measured, self.at_most = score, language, is_measured, at_most
        self.asked = []

    def __call__(self, question, passages):
        self.asked.append((question, passages))
        return [self.score(passage) for passage in passages[: self.at_most]]


def retrieve_twice(index, question, rerank, top_k=3):
    """Without the reranking model and with it."""
    return (Retriever(index, WordEmbedder, top_k, one).retrieve(question) for one in (None, rerank))


def test_a_reranking_model_that_nobody_measured_decides_the_order(tmp_path):
    rerank = TinyReranker(lambda passage: 1.0 if "leave" in passage else -len(passage))
    index = SmallIndex(tmp_path, CHUNKS)
    plain, found = retrieve_twice(index, "Which filter needs warm water?", rerank)
    assert texts(found)[0] == CHUNKS[2].text != texts(plain)[0]
    ((question, passages),) = rerank.asked
    assert question == found.question
    assert sorted(passages) == sorted(chunk.embed_text for chunk in CHUNKS)
    assert found.hits[0].score == plain.hits[0].score


def test_what_the_reranking_model_says_leaves_the_verdict_as_it_was_calibrated(tmp_path):
    rerank = TinyReranker(lambda passage: -len(passage))
    plain, found = retrieve_twice(SmallIndex(tmp_path, CHUNKS), "Which filter needs warm water?", rerank)
    assert texts(found) != texts(plain)
    assert (found.confidence, found.verdict) == (plain.confidence, plain.verdict)


def test_a_measured_model_is_heard_beside_the_first_order(tmp_path):
    index = SmallIndex(tmp_path, CHUNKS)
    question = "Which filter needs warm water in spring?"
    plain, whispered = retrieve_twice(index, question, TinyReranker(lambda p: 0.01 * ("leave" in p), is_measured=True))
    assert texts(whispered) == texts(plain)
    plain, shouted = retrieve_twice(index, question, TinyReranker(lambda p: 1000 * ("leave" in p), is_measured=True))
    assert texts(shouted)[0] == CHUNKS[2].text != texts(plain)[0]
    assert [hit.score for hit in shouted.hits] == [hit.score for hit in plain.hits]


def test_passages_without_a_score_keep_their_places(tmp_path):
    index = SmallIndex(tmp_path, CHUNKS)
    question = "Which filter needs warm water?"
    plain, found = retrieve_twice(index, question, TinyReranker(lambda passage: 1.0 * len(passage), at_most=2))
    assert texts(found)[2:] == texts(plain)[2:]
    assert set(texts(found)[:2]) == set(texts(plain)[:2])


def test_the_first_order_stands_while_the_reranking_model_has_no_time(tmp_path):
    rerank = TinyReranker(len, at_most=0)
    plain, late = retrieve_twice(SmallIndex(tmp_path, CHUNKS), "Which filter needs warm water?", rerank)
    assert rerank.asked
    assert late.hits == plain.hits


@pytest.mark.parametrize(
    "question",
    [
        "Wie viele Tage Jahresurlaub bekommt eine Angestellte in diesem Betrieb?",
        "Combien de jours de congé les employés reçoivent-ils chaque année ?",
        "保育園の夏休みはいつから始まりますか。",
    ],
)
def test_a_question_in_another_language_than_the_model_s_is_not_given_to_it(tmp_path, question):
    rerank = TinyReranker(len, language="en")
    plain, found = retrieve_twice(SmallIndex(tmp_path, CHUNKS), question, rerank)
    assert not rerank.asked
    assert found.hits == plain.hits


def test_passages_in_another_language_than_the_model_s_keep_their_places(tmp_path):
    german = [
        "Der Kessel im Keller wird alle neunzig Tage entkalkt, sonst erlischt die Garantie.",
        "Wer seinen Urlaub verschieben will, spricht vier Wochen vorher mit dem Büro.",
    ]
    english = [
        "The boiler in the cellar is descaled every ninety days, or else the warranty ends.",
        "Whoever wants to move a holiday talks to the office four weeks before.",
    ]
    chunks = [Chunk(f"{n}.txt", 0, text) for n, text in enumerate([*german, *english])]
    rerank = TinyReranker(lambda passage: 1.0 * ("holiday" in passage), language="en")
    plain, found = retrieve_twice(SmallIndex(tmp_path, chunks), "How often is the boiler descaled?", rerank, top_k=4)
    ((_, passages),) = rerank.asked
    assert sorted(passages) == sorted(english)
    assert texts(found) != texts(plain)
    assert [text if text in german else "" for text in texts(found)] == [
        text if text in german else "" for text in texts(plain)
    ]


def test_only_a_hybrid_search_is_reranked(tmp_path):
    rerank = TinyReranker(len)
    retriever = Retriever(SmallIndex(tmp_path, CHUNKS), WordEmbedder, 3, rerank)
    assert retriever.retrieve("annual leave", mode="lexical").hits
    assert retriever.retrieve("annual leave", mode="dense").hits
    assert not rerank.asked


def test_without_vectors_the_lexical_search_serves_alone(tmp_path):
    retriever = Retriever(SmallIndex(tmp_path, CHUNKS, has_vectors=False), no_embedder, top_k=3)
    found = retriever.retrieve("annual leave of employees")
    assert texts(found)[0] == CHUNKS[2].text
    assert found.hits[0].dense is None


def test_a_search_by_words_that_finds_nothing_expects_no_answer(tmp_path):
    retriever = Retriever(SmallIndex(tmp_path, CHUNKS, has_vectors=False), no_embedder, 3)
    found = retriever.retrieve("Which zeppelin carried marmots?")
    assert (found.hits, found.answerable, found.unknown_words) == ((), False, ("zeppelin", "carried", "marmots"))


def test_a_lexical_search_does_not_load_the_model(tmp_path):
    retriever = Retriever(SmallIndex(tmp_path, CHUNKS), no_embedder, top_k=3)
    assert retriever.retrieve("annual leave", mode="lexical").hits


def test_an_empty_index_gives_no_hits_and_no_answer(tmp_path):
    found = Retriever(SmallIndex(tmp_path, []), no_embedder, top_k=3).retrieve("anything")
    assert (found.hits, found.answerable) == ((), False)


def test_only_documents_of_the_folder_are_found(retriever):
    sources = {hit.chunk.source for hit in retriever.retrieve("sales and annual leave", only=Restriction("hr")).hits}
    assert sources == {"hr/leave.md"}
    assert not retriever.retrieve("annual leave", only=Restriction("nowhere")).hits


def test_only_documents_of_a_restriction_are_found(retriever):
    only = Restriction("filings/2022 Q3 OTHER.md", "md")
    assert {hit.chunk.source for hit in retriever.retrieve("net sales", only=only).hits} == {only.folder}


def test_chunks_that_are_no_longer_live_are_not_hits(tmp_path):
    index = SmallIndex(tmp_path, CHUNKS)
    del index.stored[2]
    hits = Retriever(index, WordEmbedder, top_k=3).retrieve("Clean the filter every spring", mode="lexical").hits
    assert 2 not in [hit.stored.id for hit in hits]


def test_while_the_lexical_index_is_damaged_the_dense_search_serves_alone(tmp_path):
    class Damaged(SmallIndex):
        @property
        def lexical_index(self):  # type: ignore[override]  # what an attribute can't do: fail
            raise IndexUnusableError("damaged")

        def search_words(self, question, limit, only, terms):
            return []

    index = Damaged.__new__(Damaged)
    index.stored = {n: StoredChunk(n, chunk) for n, chunk in enumerate(CHUNKS, 1)}
    index.chunk_count, index.has_vectors = len(CHUNKS), True
    found = Retriever(index, WordEmbedder, top_k=3).retrieve("Clean the filter every spring")
    assert texts(found)[0] == CHUNKS[1].text


@pytest.mark.parametrize("question", ["", "  ", "?!", "\x00", "😀", '"((', "word " * 5_000])
def test_any_question_can_be_asked(retriever, question):
    for mode in MODES:
        assert 0 <= retriever.retrieve(question, mode=mode).confidence <= 1


def test_an_unknown_mode_is_named(retriever):
    with pytest.raises(SettingsError, match="'magic'"):
        retriever.retrieve("x", mode="magic")


def test_there_are_at_most_as_many_hits_as_asked_for_and_time_is_told(retriever):
    found = retriever.retrieve("net sales", top_k=2)
    assert len(found.hits) <= 2
    assert set(found.milliseconds) == {"embed", "search", "judge", "total"}


def test_sentences_are_compared_with_the_question(retriever):
    sentences = ["Clean the filter every spring.", "Net sales rose by eight percent.", "Clean the filter!"]
    near, far, nearest = retriever.compare_sentences("Clean the filter", sentences)
    assert nearest > near > far
    model = WordEmbedder()
    cosine = float(model.embed_query("Clean the filter") @ model.embed_query(sentences[1]))
    assert far == pytest.approx(cosine / model.spread, rel=0.3)
    assert retriever.compare_sentences("Clean the filter", []) == []


def test_without_vectors_no_sentence_is_compared(tmp_path):
    retriever = Retriever(SmallIndex(tmp_path, CHUNKS, has_vectors=False), no_embedder, top_k=3)
    assert retriever.compare_sentences("Clean the filter", ["Clean the filter."]) is None


def test_a_question_in_a_language_that_the_model_does_not_know_is_not_compared(retriever):
    assert retriever.compare_sentences("フィルターはいつ掃除しますか", ["フィルターは春に掃除する。"]) is None
