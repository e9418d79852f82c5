"""What the pages are made of: no inline script or style, nothing untranslated, nothing heavy."""

from __future__ import annotations

import re
import shutil
import subprocess
from io import BytesIO
from pathlib import Path

import pytest
from babel.messages.catalog import Catalog
from babel.messages.extract import extract_from_dir
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po

import loyalty_pos.web as package

WEB = Path(package.__file__).parent
TEMPLATES = sorted((WEB / "templates").rglob("*.html"))
SCRIPTS = sorted((WEB / "static/js").glob("*.js"))
CATALOGUE = WEB / "translations/vi/LC_MESSAGES/messages.po"
BUDGET = 40 * 1024  # bytes of all scripts, unminified


@pytest.mark.parametrize("path", TEMPLATES, ids=lambda path: str(path.relative_to(WEB)))
def test_a_template_has_no_inline_script_style_or_handler(path: Path) -> None:
    """The content policy would drop them in silence."""
    text = path.read_text(encoding="utf-8")
    assert not re.search(r"""\sstyle\s*=|\son[a-z]+\s*=\s*["']|<style|javascript:""", text)
    assert not re.search(r"<script(?![^>]*\ssrc=)", text)


def test_a_template_shows_no_words_that_cannot_be_translated() -> None:
    """Every visible word stands in a call of the catalogue."""
    for path in TEMPLATES:
        source = re.sub(r"block part %\}\w+\{%", "", path.read_text(encoding="utf-8"))
        plain = re.sub(r"\{#.*?#\}|\{%.*?%\}|\{\{.*?\}\}", " ", source, flags=re.S)
        text = re.sub(r"<[^>]*>", " ", plain)
        words = set(re.findall(r"[^\W\d_]{3,}", text)) - {"Enter", "Esc", "doctype", "html"}
        assert not words, path.name


def test_the_scripts_stay_small() -> None:
    """A till may be an old tablet."""
    assert sum(path.stat().st_size for path in SCRIPTS) <= BUDGET


@pytest.mark.skipif(shutil.which("node") is None, reason="no node: scripts are checked in the browser only")
@pytest.mark.parametrize("path", SCRIPTS, ids=lambda path: path.name)
def test_a_script_parses(path: Path) -> None:
    """As a module, without running it."""
    done = subprocess.run(["node", "--check", str(path)], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def catalogue() -> Catalog:
    """The Vietnamese sentences as written."""
    with CATALOGUE.open("rb") as file:
        return read_po(file)


def sentences() -> set[str]:
    """Every sentence in code and templates."""
    methods = [("**.py", "python"), ("**/templates/**.html", "jinja2")]
    keywords = {"_": None, "_l": None}
    return {str(message) for _f, _n, message, _c, _x in extract_from_dir(WEB, methods, keywords=keywords)}


def test_every_sentence_has_its_vietnamese_and_no_other_is_kept() -> None:
    """A page in Vietnamese never falls back to English."""
    translated = {str(message.id) for message in catalogue() if message.id and message.string}
    assert translated == sentences()


def test_a_translation_fills_in_the_same_figures() -> None:
    """A name like %(n)s or {n} that is lost or misspelt would break the page."""
    for message in catalogue():
        places = [sorted(re.findall(r"%\(\w+\)[sd]|\{\w+\}", str(text))) for text in (message.id, message.string)]
        assert not message.id or places[0] == places[1], message.id


def test_the_compiled_catalogue_is_the_one_of_the_source() -> None:
    """messages.mo is what runs."""
    compiled = BytesIO()
    write_mo(compiled, catalogue())
    assert CATALOGUE.with_suffix(".mo").read_bytes() == compiled.getvalue()


def test_every_icon_that_a_template_asks_for_is_drawn() -> None:
    """An unknown icon is an empty square."""
    drawn = set(re.findall(r'id="i-([a-z-]+)"', (WEB / "static/icons.svg").read_text()))
    asked = set(re.findall(r'icon\("([a-z-]+)"\)', "".join(path.read_text() for path in TEMPLATES)))
    assert asked <= drawn
