"""What pages point at: other pages, pictures, files of the repository, public names."""

from __future__ import annotations

import re
from importlib import import_module

import pytest

from docs.generated import PACKAGES, api, examples, keep_sentence
from tests.helpers.documents import DOCS, PAGES, ROOT, blocks, page_name

IN_REPOSITORY = re.compile(
    r"`((?:benchmarks|docs|examples|policies|real|tests|zprl_env)/[\w/.-]*\w(?:\.\w+)?)`"
)


@pytest.mark.parametrize("path", PAGES, ids=page_name)
def test_every_page_and_picture_that_it_links_is_there(path):
    text = path.read_text(encoding="utf-8")
    for target in re.findall(r"\]\((?!http)([^)#]+)[^)]*\)", text):
        assert (path.parent / target).exists(), target
    for block in blocks(path):
        if block.language in ("{include}", "{literalinclude}"):
            included = path.read_text(encoding="utf-8")
            for target in re.findall(r"include\} (\S+)", included):
                assert (path.parent / target).exists(), target


@pytest.mark.parametrize("path", PAGES, ids=page_name)
def test_every_file_of_the_repository_that_it_names_is_there(path):
    for name in IN_REPOSITORY.findall(path.read_text(encoding="utf-8")):
        assert (ROOT / name).exists(), name


def test_every_page_is_in_a_table_of_contents():
    listed = {DOCS / "index.md"}
    for path in DOCS.rglob("*.md"):
        for block in blocks(path):
            if block.language == "{toctree}":
                entries = [line for line in block.text.splitlines() if line and line[0] != ":"]
                listed |= {path.parent / f"{entry}.md" for entry in entries}
    assert listed == {*DOCS.rglob("*.md")}


def test_pictures_are_readable_in_light_and_dark():
    pictures = sorted((DOCS / "pictures").glob("*.svg"))
    assert len(pictures) == 8
    for picture in pictures:
        text = picture.read_text(encoding="utf-8")
        assert "prefers-color-scheme:dark" in text
        assert "<title>" in text
        assert 'class="card"' in text


def test_the_examples_page_has_every_example_with_its_code():
    page = examples()
    for path in sorted((ROOT / "examples").glob("*.py")):
        assert f"`examples/{path.name}`:" in page
        assert path.read_text(encoding="utf-8").rstrip().splitlines()[-1] in page


@pytest.mark.parametrize("package", PACKAGES)
def test_every_public_name_is_on_a_page_of_the_reference(package):
    pages = [api(name) for name in PACKAGES[: PACKAGES.index(package) + 1]]
    for name in getattr(import_module(package), "__all__", []):
        assert any(f".{name}\n" in page or f".{name}```" in page for page in pages), name
    assert f"generated: api {package}" in (DOCS / f"reference/{package}.md").read_text()


def test_what_stands_before_a_colon_is_no_type():
    lines = ["the base policy's name.", "", ":type: Where to begin", ""]
    keep_sentence(None, "attribute", "x", None, None, lines)
    assert lines == ["Where to begin: the base policy's name.", "", ""]
