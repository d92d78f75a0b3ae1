from rag.index.snapshot import order_best_first


def test_equal_scores_are_ordered_by_their_place_and_never_by_id():
    places = {2: ("b.md", 0), 5: ("a.md", 11), 9: ("a.md", 2)}
    asked = []

    def read_places(ids):
        asked.extend(ids)
        return places

    assert order_best_first({5: 0.3, 2: 0.3, 9: 0.3, 1: 0.1, 4: 0.9}, read_places) == [4, 9, 5, 2, 1]
    assert set(asked) == {2, 5, 9}, "only what ties is looked up"
