"""A few rounds of what `python -m bench.kill` does at length."""

from __future__ import annotations

from bench import kill


def test_killed_runs_are_made_good_by_the_next_one(tmp_path, models_dir):
    tally = kill.run(3, tmp_path, models_dir, seed=1)
    assert tally.wrong == []
    assert tally.kills >= 3
