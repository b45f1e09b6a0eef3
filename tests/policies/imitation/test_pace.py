from policies.imitation.pace import LAST, Pace


def test_the_cost_is_told_once_after_the_first_steps():
    time = [0.0]
    said: list[str] = []
    pace = Pace(1000, 100, 64, said.append, clock=lambda: time[0])
    for step in range(101, 200):
        time[0] += 5.0 if step < 103 else 0.1
        pace.after_step(step)
    left = (1000 - 100 - LAST) * 0.1
    assert said == [
        f"1,000 steps take 1.7 minutes here, at 640 frames/s: 1,000 steps end in {left:.0f} s"
    ]
    assert pace.frames_per_second(199) == f"{64 * 99 / time[0]:,.0f}"
    assert pace.frames_per_second(199) == ""


def test_states_have_no_frames_to_count():
    said: list[str] = []
    pace = Pace(100, 0, 0, said.append)
    for step in range(1, 50):
        pace.after_step(step)
    assert (said, pace.frames_per_second(50)) == ([], "")
