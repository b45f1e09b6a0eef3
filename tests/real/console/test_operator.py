"""The person at the console counts as much as whoever else watches, and more than a program."""

from __future__ import annotations

from real.console.operator import ConsoleOperator, Words, may_be_said
from real.operators import FOR_EVER, Event, ScriptedOperator


class Place:
    has_turn = True


class Scene(ScriptedOperator):
    automatic = True


def test_both_are_heard_and_the_question_is_answered_by_either():
    words, other = Words(), ScriptedOperator(answers=())
    operator = ConsoleOperator(words, other)
    operator.ask(Event.READY, "Lay out the task.")
    assert words.asked == (Event.READY, "Lay out the task.") == other.asked[0]
    words.say(Event.PAUSE)
    other.say(Event.READY)
    assert [*operator.poll()] == [Event.PAUSE, Event.READY]
    assert words.asked is None
    assert operator.patience == FOR_EVER


def test_no_program_releases_what_a_person_has_stopped():
    words, other = Words(), ScriptedOperator()
    operator = ConsoleOperator(words, other)
    operator.ask(Event.RELEASE, "The watchdog has stopped them.")  # which it may answer
    words.say(Event.STOP)
    assert [*operator.poll()] == [Event.STOP]
    operator.ask(Event.RELEASE, "You have stopped them.")
    assert [*operator.poll()] == []
    words.say(Event.RELEASE)
    assert [*operator.poll()] == [Event.RELEASE]
    operator.ask(Event.RELEASE, "The watchdog, again.")
    assert [*operator.poll()] == [Event.RELEASE]


def test_another_person_may_release_what_this_one_has_stopped():
    words, other = Words(), ScriptedOperator(patience=FOR_EVER)
    operator = ConsoleOperator(words, other)
    words.say(Event.STOP)
    operator.poll()
    operator.ask(Event.RELEASE, "You have stopped them.")
    assert [*operator.poll()] == [Event.RELEASE]


def test_what_a_scene_still_shows_after_an_episode_overrules_nobody():
    words, other = Words(), Scene()
    operator = ConsoleOperator(words, other)
    other.say(Event.SUCCESS)
    words.say(Event.FAILURE)
    assert [*operator.poll()] == [Event.FAILURE]
    words.running = lambda: True
    other.say(Event.SUCCESS)
    assert [*operator.poll()] == [Event.SUCCESS]


def test_words_are_of_the_loop_that_moves_the_arms_and_a_stop_is_everybodys():
    words, place, idle = Words(), Place(), Place()
    idle.has_turn = False
    acting, waiting = (ConsoleOperator(words, ScriptedOperator()) for _ in range(2))
    acting.stand_by(place)
    waiting.stand_by(idle)
    words.say(Event.SUCCESS)
    words.say(Event.STOP)
    assert [*waiting.hear()] == [Event.STOP]
    assert [*acting.hear()] == [Event.SUCCESS]


def test_a_word_that_means_nothing_now_is_answered_why():
    def why(event, running=False, late=False, stopped=False):
        return may_be_said(event, running, late, stopped)

    assert why(Event.FAILURE, running=True) is None
    assert why(Event.FAILURE, late=True) is None
    assert "until the next one begins" in why(Event.FAILURE)
    assert "between two episodes" in why(Event.TAKE_BACK, running=True)
    assert why(Event.RELEASE) == "The arms are not stopped."
    assert why(Event.RELEASE, stopped=True) is None
