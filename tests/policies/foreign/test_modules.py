"""Modules are found in objects and frozen."""

from __future__ import annotations

from types import SimpleNamespace

from torch import nn

from policies.foreign.modules import freeze, modules_in


def test_modules_are_those_that_an_object_is_or_holds():
    layer = nn.Linear(1, 1)
    assert modules_in(layer) == [layer]
    assert modules_in(SimpleNamespace(layer=layer, name="x")) == [layer]
    assert modules_in("nothing") == []


def test_freezing_ends_training_and_gradients():
    held = SimpleNamespace(layers=nn.Sequential(nn.Linear(1, 1), nn.Dropout()))
    freeze(held.layers)
    assert not any(module.training for module in held.layers.modules())
    assert not any(weight.requires_grad for weight in held.layers.parameters())
