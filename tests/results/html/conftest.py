"""A browser, where one is installed, and results to look at."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING

import pytest
from selenium import webdriver

from tests.results.html.documents import scored
from tests.results.html.pages import Page

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from sharp_cli.results.document import Document

_BROWSERS = ("chromium", "chromium-browser", "google-chrome")
_FLAGS = (
    "--headless=new", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
    "--disable-background-networking", "--disable-component-update", "--disable-sync",
)  # fmt: skip


@pytest.fixture(scope="session")
def chrome(tmp_path_factory: pytest.TempPathFactory) -> Iterator[webdriver.Chrome]:
    """Chromium without a window."""
    browser = next(filter(None, map(shutil.which, _BROWSERS)), None)
    driver = shutil.which("chromedriver")
    if browser is None or driver is None:
        pytest.skip("no browser: chromium and chromedriver are not installed")
    options = webdriver.ChromeOptions()
    options.binary_location = browser
    for flag in (*_FLAGS, f"--user-data-dir={tmp_path_factory.mktemp('profile')}"):
        options.add_argument(flag)
    options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
    with webdriver.Chrome(options=options, service=webdriver.ChromeService(driver)) as found:
        yield found


@pytest.fixture
def page(chrome: webdriver.Chrome, tmp_path: Path) -> Iterator[Page]:
    """The browser; it must have nothing to complain of, as it would have of what is loaded."""
    (tmp_path / "saved").mkdir()
    found = Page(chrome, tmp_path / "saved")
    found.messages()
    yield found
    assert found.messages() == []
    found.run("try { localStorage.clear(); } catch { /* what is open has none */ }")
    chrome.execute_cdp_cmd("Emulation.setEmulatedMedia", {"media": "", "features": []})


@pytest.fixture(scope="session")
def both(tmp_path_factory: pytest.TempPathFactory) -> Document:
    """Both hands on one radiograph."""
    return scored(tmp_path_factory.mktemp("both") / "two.png")


@pytest.fixture(scope="session")
def pair(tmp_path_factory: pytest.TempPathFactory) -> Document:
    """One radiograph per hand: the left one's lunate is uncertain, the right one's is missing."""
    folder = tmp_path_factory.mktemp("pair")
    return scored(folder / "odd_L.png", folder / "gap_x.png")
