"""Make the pictures of results in README and docs/results.md, from the examples.

Run as `python docs/result_pictures.py` in the repository. Needs Chromium and its chromedriver.
"""

from __future__ import annotations

import io
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Final

from PIL import Image
from selenium import webdriver

ROOT: Final = Path(__file__).parents[1]
EXAMPLE: Final = "examples/two-hands.dcm"

_OVERLAY_WIDTH: Final = 1400
_WINDOW: Final = (1440, 1000)
_QUALITY: Final = 85
_FLAGS: Final = ("--headless=new", "--no-sandbox", "--disable-gpu", "--hide-scrollbars")


def main() -> None:
    """Write `examples/overlay.jpg` and `docs/report.jpg`."""
    os.chdir(ROOT)
    with tempfile.TemporaryDirectory() as made:
        folder = Path(made)
        result, overlay, page = (folder / name for name in ("r.json", "o.png", "report.html"))
        _sharp("score", EXAMPLE, "--json", str(result), "--overlay", str(overlay))
        _sharp("report", str(result), "--images", "examples", "--out", str(page))
        picture = Image.open(overlay).convert("RGB")
        picture.thumbnail((_OVERLAY_WIDTH, sys.maxsize), Image.Resampling.LANCZOS)
        picture.save("examples/overlay.jpg", quality=_QUALITY, subsampling=0, optimize=True)
        shot = Image.open(io.BytesIO(_screenshot(page))).convert("RGB")
        shot.save("docs/report.jpg", quality=_QUALITY, optimize=True)


def _sharp(*arguments: str) -> None:
    subprocess.run([sys.executable, "-m", "sharp_cli", *arguments], check=True)


def _screenshot(page: Path) -> bytes:
    """The page as PNG."""
    options = webdriver.ChromeOptions()
    options.binary_location = shutil.which("chromium") or ""
    for flag in (*_FLAGS, f"--window-size={_WINDOW[0]},{_WINDOW[1]}"):
        options.add_argument(flag)
    service = webdriver.ChromeService(shutil.which("chromedriver"))
    with webdriver.Chrome(options=options, service=service) as browser:
        size = {"width": _WINDOW[0], "height": _WINDOW[1], "deviceScaleFactor": 1, "mobile": False}
        browser.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", size)
        browser.get(page.as_uri())
        return browser.get_screenshot_as_png()


if __name__ == "__main__":
    main()
