"""Wrappers of one policy have numbers of their own in its memory, and give them back."""

from __future__ import annotations

from policies.seats import Seats


class Remembering:
    """Remembers, and can be asked when it is gone."""

    def reset(self, indices):
        """Begin episodes."""


class Slotted:
    """Remembers, and cannot."""

    __slots__ = ()

    def reset(self, indices):
        """Begin episodes."""


class Around:
    """Hands on the memory of another."""

    def __init__(self, policy):
        self.reset = policy.reset


def test_each_holder_has_its_own_and_keeps_them():
    for policy in (Remembering(), Slotted()):
        one, two = Seats(policy), Seats(Around(policy))
        assert one.of(range(3)) == [0, 1, 2]
        assert two.of([4, 0]) == [3, 4]
        assert one.of([2, 5]) == [2, 5]
        assert one.new([5, 6, 7]) == [6, 7]
        assert two.all() == [3, 4]
        del one
        assert Seats(policy).of(range(2)) == [0, 1]


def test_another_policy_begins_anew():
    policies = [Remembering() for _ in range(50)]
    assert [Seats(policy).of([7]) for policy in policies] == [[0]] * 50


def test_a_policy_that_is_gone_leaves_nothing():
    policy = Remembering()
    held = Seats(policy)
    held.of([0])
    del policy
    assert Seats(Remembering()).of([0]) == [0]
