import json
from dataclasses import replace

import pytest

from policies.errors import ConfigurationError
from policies.pictures.settings import QUALITIES, CameraView, PictureSettings, RenderQuality

FRONT = CameraView(fov=45.0, position=(0.5, 0.0, 1.35), quaternion=(1.0, 0.0, 0.0, 0.0))
SETTINGS = PictureSettings(
    cameras=("front", "wrist"),
    image_size=(84, 96),
    quality=QUALITIES["fast"],
    views={"front": FRONT, "wrist": CameraView(parent="hand", fov=75.0)},
    renderer="llvmpipe",
    versions={"mujoco": "3.3.7"},
)


def test_settings_survive_json_and_spell_out_their_quality():
    values = json.loads(SETTINGS.to_json())
    assert values["quality"] == {
        "name": "fast",
        "multisamples": 0,
        "shadows": False,
        "reflections": False,
    }
    assert PictureSettings.from_json(SETTINGS.to_json()) == SETTINGS
    assert SETTINGS.difference(SETTINGS) == SETTINGS.deviation(SETTINGS) == []


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"cameras": ("front",), "views": {}}, "cameras front, wrist and front"),
        ({"image_size": (96, 84)}, "frames of 84 x 96 and of 96 x 84 pixels"),
        (
            {"quality": QUALITIES["full"]},
            "render quality 'fast' (0 samples, no shadows, no reflections) "
            "and 'full' (4 samples, shadows, reflections)",
        ),
        ({"orientation": "upside down"}, "orientation 'upright' and 'upside down'"),
    ],
)
def test_frames_of_another_kind_are_a_difference_that_names_both_sides(changes, message):
    assert SETTINGS.difference(replace(SETTINGS, **changes)) == [message]


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"renderer": "NVIDIA"}, "renderer 'llvmpipe' and 'NVIDIA'"),
        ({"versions": {"mujoco": "3.3.2"}}, "mujoco 3.3.7 and 3.3.2"),
        ({"quality": RenderQuality()}, "only one of them says its render quality"),
        ({"views": {"front": replace(FRONT, fov=60.0)}}, "camera front: field of view 45 degrees"),
        ({"views": {"front": replace(FRONT, position=(0.5, 0.0, 1.25))}}, "front: 100 mm apart"),
        (
            {"views": {"front": replace(FRONT, quaternion=(0.0, 1.0, 0.0, 0.0))}},
            "camera front: turned by 180.0 degrees",
        ),
        ({"views": {"wrist": CameraView(parent="arm")}}, "wrist: mounted on hand and on arm"),
    ],
)
def test_what_may_change_the_looks_is_told_and_refuses_nothing(changes, message):
    other = replace(SETTINGS, **changes)
    assert SETTINGS.difference(other) == []
    (told,) = SETTINGS.deviation(other)
    assert message in told


def test_more_cameras_in_another_order_are_no_difference():
    more = PictureSettings(
        cameras=("wrist", "side", "front"), image_size=(84, 96), quality=QUALITIES["fast"]
    )
    assert SETTINGS.difference(more) == []
    assert more.difference(SETTINGS) == ["cameras wrist, side, front and front, wrist"]


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"cameras": []}, "cameras must be different names"),
        ({"cameras": ["front", "front"]}, "cameras must be different names"),
        ({"cameras": ["state"]}, "none of them 'state'"),
        ({"cameras": "front"}, "cameras must be different names"),
        ({"image_size": 84}, "image_size must be height and width in pixels"),
        ({"image_size": [84, 0]}, r"1 to 4096. Got: \(84, 0\)"),
        ({"image_size": [84.0, 84]}, "image_size must be height and width"),
        ({"quality": "pretty"}, "quality must have the entries .* Got: 'pretty'"),
        ({"quality": {"multisamples": -1}}, "multisamples must be 0 to 64, or null. Got: -1"),
        ({"views": {"side": {}}}, "views must be camera views by name, of front, wrist"),
        ({"views": {"front": {"fov": "wide"}}}, "fov must be above 0 and below 180"),
        ({"views": {"front": {"position": [1.0]}}}, "position must be 3 finite numbers"),
        ({"views": {"front": {"quaternion": [0, 0, 0, 0]}}}, "quaternion must be other than"),
        ({"views": []}, "views must be camera views by name"),
        ({"versions": {"mujoco": 3}}, "versions must be texts by name"),
        ({"renderer": None}, "renderer must be a text"),
        ({"colour": "blue"}, "picture settings must have the entries .* Got: .*colour"),
    ],
)
def test_settings_from_elsewhere_are_believed_only_if_they_are_possible(changes, message):
    values = {"cameras": ["front", "wrist"], "image_size": [84, 84], **changes}
    with pytest.raises(ConfigurationError, match=message):
        PictureSettings.from_dict(values)


def test_a_text_that_is_no_json_is_told_so():
    with pytest.raises(ConfigurationError, match="picture settings must be JSON"):
        PictureSettings.from_json("{")
    with pytest.raises(ConfigurationError, match="picture settings must have the entries"):
        PictureSettings.from_json("[1]")


def test_the_fast_quality_leaves_out_what_costs_most():
    assert QUALITIES["fast"] == RenderQuality("fast", 0, False, False)
    assert QUALITIES["full"].stated
    assert not RenderQuality().stated
