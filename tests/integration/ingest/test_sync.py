"""Every kind of change to the folder, and what it costs."""

from __future__ import annotations

import os
import shutil
import unicodedata

import pytest

from ingest.sync import plan_sync, sync_corpus
from rag.errors import SettingsError
from tests.tiny import found_by_vector, found_by_words


def test_nothing_changed_is_nothing_done(filled):
    assert filled.sync() == {}
    assert (filled.report.unchanged, filled.report.chunks, filled.pipe.read) == (3, 5, [])


def test_an_edit_embeds_only_what_changed(filled):
    filled.put("a.txt", "amber\n\nfjord")
    assert filled.sync() == {"changed": 1, "embedded": 1, "reused": 1}
    assert found_by_words(filled.index, "birch") == set()


def test_a_deleted_file_is_gone_from_both_searches(filled):
    (filled.corpus / "a.txt").unlink()
    assert filled.sync() == {"removed": 1}
    assert found_by_words(filled.index, "amber") == found_by_vector(filled.index, "amber") == set()


def test_a_renamed_file_is_neither_read_nor_embedded(filled):
    os.rename(filled.corpus / "a.txt", filled.corpus / "z.txt")
    assert filled.sync() == {"moved": 1, "reused": 2}
    assert filled.pipe.read == []
    assert found_by_vector(filled.index, "amber") == {"z.txt"}


def test_a_renamed_ending_is_read_anew_because_it_decides_the_format(filled):
    os.rename(filled.corpus / "a.txt", filled.corpus / "a.md")
    assert filled.sync() == {"added": 1, "removed": 1, "reused": 2}


def test_a_moved_tree_is_neither_read_nor_embedded(filled):
    os.rename(filled.corpus / "tree", filled.corpus / "forest")
    assert filled.sync() == {"moved": 2, "reused": 3}
    assert filled.pipe.read == []


def test_a_change_of_case_alone_is_a_move(filled):
    os.rename(filled.corpus / "a.txt", filled.corpus / "A.txt")
    assert filled.sync() == {"moved": 1, "reused": 2}
    assert found_by_words(filled.index, "amber") == {"A.txt"}


def test_a_copy_is_neither_read_nor_embedded_and_both_are_found(filled):
    shutil.copyfile(filled.corpus / "a.txt", filled.corpus / "copy.txt")
    assert filled.sync() == {"added": 1, "reused": 2}
    assert filled.pipe.read == []
    assert found_by_vector(filled.index, "amber") == {"a.txt", "copy.txt"}
    (filled.corpus / "a.txt").unlink()
    assert filled.sync() == {"removed": 1}
    assert found_by_vector(filled.index, "amber") == {"copy.txt"}


def test_one_of_two_equal_files_moved_onto_a_third(filled):
    shutil.copyfile(filled.corpus / "a.txt", filled.corpus / "copy.txt")
    filled.sync()
    os.replace(filled.corpus / "copy.txt", filled.corpus / "tree" / "b.txt")
    assert filled.sync() == {"changed": 1, "removed": 1, "reused": 2}


def test_two_files_that_change_places_embed_nothing(filled):
    os.rename(filled.corpus / "a.txt", filled.corpus / "x")
    os.rename(filled.corpus / "tree" / "b.txt", filled.corpus / "a.txt")
    os.rename(filled.corpus / "x", filled.corpus / "tree" / "b.txt")
    assert filled.sync() == {"changed": 2, "reused": 3}


def test_an_edit_saved_as_editors_do_by_replacing_the_file(filled):
    (filled.corpus / "a.txt.tmp").write_text("amber\n\ngrove")
    os.replace(filled.corpus / "a.txt.tmp", filled.corpus / "a.txt")
    assert filled.sync() == {"changed": 1, "embedded": 1, "reused": 1}


def test_a_file_replaced_by_one_of_equal_size_and_time_is_noticed(filled):
    path = filled.corpus / "a.txt"
    stat = path.stat()
    filled.put("a.txt", "umber\n\nbirch")
    os.utime(path, ns=(stat.st_atime_ns, stat.st_mtime_ns))
    assert filled.sync() == {"changed": 1, "embedded": 1, "reused": 1}


def test_a_touched_file_is_not_read_and_soon_costs_nothing(filled):
    os.utime(filled.corpus / "a.txt", (2_000_000_000, 2_000_000_000))  # in the future, moreover
    assert filled.sync() == {}
    assert (filled.report.unchanged, filled.pipe.read) == (3, [])


def test_a_file_emptied_has_no_chunks_and_one_filled_again_has(filled):
    os.truncate(filled.corpus / "a.txt", 0)
    filled.sync()
    assert found_by_words(filled.index, "amber") == set()
    filled.put("a.txt", "heron")
    filled.sync()
    assert found_by_words(filled.index, "heron") == {"a.txt"}


def test_a_folder_in_the_place_of_a_file_and_back(filled):
    (filled.corpus / "a.txt").unlink()
    filled.put("a.txt/inner.txt", "amber\n\nbirch")
    assert filled.sync() == {"moved": 1, "reused": 2}
    shutil.rmtree(filled.corpus / "a.txt")
    filled.put("a.txt", "amber")
    assert filled.sync() == {"added": 1, "removed": 1, "reused": 1}


def test_an_emptied_folder_empties_the_index(filled):
    for path in list(filled.corpus.iterdir()):
        shutil.rmtree(path) if path.is_dir() else path.unlink()
    assert filled.sync() == {"removed": 3}
    assert filled.report.chunks == 0
    assert filled.sync() == {}


def test_a_missing_folder_is_an_error_and_leaves_the_index_alone(filled):
    filled.corpus.rename(filled.root / "elsewhere")
    with pytest.raises(SettingsError, match="does not exist"):
        sync_corpus(filled.index, filled.pipeline())
    assert found_by_words(filled.index, "amber") == {"a.txt"}


def test_rules_to_ignore_files_take_effect_both_ways(filled):
    filled.put(".ragignore", "tree/\n")
    assert filled.sync() == {"removed": 2}
    (filled.corpus / ".ragignore").unlink()
    assert filled.sync() == {"added": 2, "embedded": 3}


@pytest.mark.parametrize(
    "name",
    ["two words.txt", "50% #1.txt", "🐟.txt", unicodedata.normalize("NFD", "é.txt"), "é.txt", "ü" * 125 + ".txt"],
)
def test_odd_names_are_found_moved_and_forgotten(filled, name):
    filled.put(name, "heron")
    assert filled.sync() == {"added": 1, "embedded": 1}
    assert found_by_words(filled.index, "heron") == found_by_vector(filled.index, "heron") == {name}
    os.rename(filled.corpus / name, filled.corpus / "plain.txt")
    assert filled.sync() == {"moved": 1, "reused": 1}
    (filled.corpus / "plain.txt").unlink()
    assert filled.sync() == {"removed": 1}


def test_a_linked_file_stands_under_both_names(filled):
    (filled.corpus / "link.txt").symlink_to("a.txt")
    assert filled.sync() == {"added": 1, "reused": 2}
    filled.put("a.txt", "heron")
    filled.sync()
    assert found_by_words(filled.index, "heron") == {"a.txt", "link.txt"}


def test_a_plan_changes_nothing(filled):
    filled.put("new.txt", "heron")
    os.rename(filled.corpus / "a.txt", filled.corpus / "z.txt")
    plan = plan_sync(filled.index, filled.pipeline())
    assert [source for source, _ in plan.read] == ["new.txt"]
    assert [source for _, source, _ in plan.moved] == ["z.txt"]
    assert found_by_words(filled.index, "heron") == set()
