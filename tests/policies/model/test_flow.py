import pytest
import torch

from policies.model.flow import euler, flow_matching_loss


def test_euler_is_exact_on_a_constant_field():
    x_0 = torch.tensor([[[1.0], [2.0]]])
    out = euler(lambda x, k: torch.full_like(x, 3.0), x_0, 4)
    torch.testing.assert_close(out, x_0 + 3.0)


@pytest.mark.parametrize("n_steps", [1, 2, 10])
def test_euler_on_linear_decay_is_the_closed_form_of_its_recursion(n_steps):
    x_0 = torch.ones(1, 1, 1, dtype=torch.float64)
    out = euler(lambda x, k: -x, x_0, n_steps).item()
    assert out == pytest.approx((1 - 1 / n_steps) ** n_steps)


def test_euler_converges_to_the_exponential_at_first_order():
    x_0 = torch.ones(1, 1, 1, dtype=torch.float64)
    exact = torch.e
    errors = [abs(euler(lambda x, k: x, x_0, n).item() - exact) for n in (50, 100)]
    assert errors[0] / errors[1] == pytest.approx(2.0, rel=0.03)


def test_euler_tells_the_field_its_step():
    steps = []

    def field(x, k):
        steps.append(k)
        return x

    euler(field, torch.zeros(1, 1, 1), 3)
    assert steps == [0, 1, 2]


def test_the_loss_is_zero_at_the_true_velocity():
    actions = torch.randn(64, 4, 2, generator=torch.Generator().manual_seed(0)).double()

    def truth(x_t, t, condition):
        # x_t = (1 - t) x_0 + t a, hence a - x_0 = (a - x_t) / (1 - t)
        return (actions - x_t) / (1 - t[:, None, None])

    loss = flow_matching_loss(truth, actions, actions, torch.Generator().manual_seed(1))
    assert loss.item() == pytest.approx(0.0, abs=1e-18)


def test_the_loss_of_a_zero_field_is_the_variance_of_the_velocity():
    actions = torch.full((20_000, 1, 1), 2.0)
    loss = flow_matching_loss(
        lambda x, t, c: torch.zeros_like(x), actions, actions, torch.Generator().manual_seed(0)
    )
    assert loss.item() == pytest.approx(2.0**2 + 1.0, rel=0.03)


def test_time_is_uniform_between_zero_and_one():
    seen = []

    def velocity(x_t, t, condition):
        seen.append(t)
        return x_t

    actions = torch.zeros(20_000, 1, 1)
    flow_matching_loss(velocity, actions, actions, torch.Generator().manual_seed(0))
    quantiles = torch.quantile(seen[0], torch.tensor([0.0, 0.25, 0.5, 0.75, 1.0]))
    torch.testing.assert_close(quantiles, torch.linspace(0, 1, 5), atol=0.02, rtol=0)


def test_the_loss_is_its_generators_and_leaves_the_global_one_alone():
    actions = torch.zeros(8, 2, 1)
    before = torch.random.get_rng_state()
    losses = [
        flow_matching_loss(lambda x, t, c: x, actions, actions, torch.Generator().manual_seed(2))
        for _ in range(2)
    ]
    assert losses[0] == losses[1]
    assert torch.equal(before, torch.random.get_rng_state())
