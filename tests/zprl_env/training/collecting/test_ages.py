"""Ages are counted, told and written down as they are."""

from __future__ import annotations

from zprl_env.training.collecting.ages import Ages
from zprl_env.training.run.history import History


def test_a_summary_has_the_bins_in_which_half_of_them_and_nearly_all_lie():
    ages = Ages({})
    for age, number in ((0, 10), (30, 70), (500, 20)):
        ages.note(age, number, kept=True)
    ages.note(2_000, 7, kept=False)
    said = ages.summary()
    assert said["mean"] == 121.0
    assert (said["50 % at most"], said["99 % at most"], said["largest"]) == (32, 512, 500)
    assert (said["stored"], said["dropped"]) == (100, 7)
    assert ages.told().startswith("An agent was 121 updates behind")


def test_they_go_on_in_a_history_that_was_read_again():
    history = History()
    Ages(history.ages).note(3, 5, kept=True)
    again = History.from_dict(history.to_dict())
    Ages(again.ages).note(5, 5, kept=True)
    assert Ages(again.ages).mean == 4.0
    assert History().to_dict()["ages"] == {}
