"""What people see of the settings, and the README's table against the code's."""

from __future__ import annotations

from pathlib import Path

from power_site.conf import settings
from power_site.conf.resolve import resolve
from power_site.conf.show import MASK, json_value, markdown, value_text

README = Path(__file__).resolve().parents[3] / "README.md"


def test_the_readme_holds_the_table_of_settings_as_the_code_has_it() -> None:
    _, _, rest = README.read_text().partition("<!-- settings -->")
    table, end, _ = rest.partition("<!-- /settings -->")
    assert end, "README.md has no <!-- settings --> … <!-- /settings -->"
    assert table.strip() == markdown(), "run: manage.py config --markdown"


def test_the_table_has_one_row_for_each_setting_and_says_what_it_does() -> None:
    rows = markdown().splitlines()[2:]
    assert [row.split("`")[1] for row in rows] == [setting.name for setting in settings()]
    assert all(setting.help.endswith(".") for setting in settings())


def test_a_secret_is_never_shown(tmp_path: Path) -> None:
    secret = "a-very-secret-key-of-more-than-32-characters"
    entry = resolve({"A3S_POWER_HOME": str(tmp_path), "A3S_POWER_SECRET_KEY": secret}, {})["secret_key"]
    assert entry.value == secret
    assert value_text(entry) == MASK
    assert json_value(entry) == MASK


def test_an_endless_duration_is_shown_as_forever(tmp_path: Path) -> None:
    entry = resolve({"A3S_POWER_HOME": str(tmp_path), "OLLAMA_KEEP_ALIVE": "-1"}, {})["keep_alive"]
    assert value_text(entry) == "forever"
    assert json_value(entry) == "forever"
