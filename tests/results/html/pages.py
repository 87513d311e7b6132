"""Driving a page as its reader would."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from selenium.webdriver import ActionChains
from selenium.webdriver.common.by import By
from selenium.webdriver.support.ui import Select, WebDriverWait

from sharp_cli import radiograph
from sharp_cli.datasets.labels import read_labels
from sharp_cli.results.html.pictures import draw
from sharp_cli.results.html.study_page import Visit, study_page
from sharp_cli.results.html.truth import NO_TRUTH

if TYPE_CHECKING:
    from pathlib import Path

    from selenium.webdriver import Chrome
    from selenium.webdriver.remote.webelement import WebElement

    from sharp_cli.datasets.labels import LabelledJoint
    from sharp_cli.results.document import Document
    from sharp_cli.results.html.explanations import Explanations
    from sharp_cli.results.html.truth import Truth

SEEN = (
    "return [...document.querySelectorAll(arguments[0])].filter(one => one.getClientRects().length)"
)


def written(
    file: Path,
    document: Document,
    truth: Truth = NO_TRUTH,
    name: str = "",
    explanations: Explanations | None = None,
) -> Path:
    """Write the page of a document with one study."""
    ((study, part),) = document.split().items()
    pictures = draw(part, lambda row: radiograph.read(row.file))
    visit = Visit(part, pictures, explanations)
    file.write_bytes(study_page(name or study, [visit], truth))
    return file


PATIENT = "P1"
"""Of a page that knows none."""


@dataclass(frozen=True)
class Page:
    """A page in the browser."""

    chrome: Chrome
    folder: Path

    def open(self, file: Path, width: int = 1440, height: int = 900) -> None:
        self.resize(width, height)
        self.chrome.get(file.as_uri())

    def messages(self) -> list[str]:
        """What the browser has complained of since it was asked last."""
        log = self.chrome.get_log("browser")  # type: ignore[no-untyped-call]
        return [line["message"] for line in log]

    def resize(self, width: int, height: int) -> None:
        size = {"width": width, "height": height, "deviceScaleFactor": 1, "mobile": False}
        self.chrome.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", size)

    def run(self, script: str, *arguments: object) -> Any:
        return self.chrome.execute_script(script, *arguments)

    def one(self, selector: str) -> WebElement:
        return self.chrome.find_element(By.CSS_SELECTOR, selector)

    def seen(self, selector: str) -> list[WebElement]:
        """The elements that are shown."""
        found: list[WebElement] = self.run(SEEN, selector)
        return found

    def keys_of(self, selector: str) -> list[str]:
        """The joints of the elements that are shown, in order."""
        return [str(element.get_attribute("data-key")) for element in self.seen(selector)]

    @property
    def boxes(self) -> list[str]:
        return self.keys_of("#viewer [data-key]")

    @property
    def rows(self) -> list[str]:
        return self.keys_of("#joints [data-key]")

    @property
    def selected(self) -> str:
        """The joint of the panel's selected card, as its title and hand say."""
        title = self.one("#panel h2").text
        return f"{self.one('.card.selected h3').text}: {title}"

    def click_joint(self, key: str) -> None:
        """Click into the middle of a joint's box."""
        box = self.one(f'#viewer [data-key="{key}"] polygon')
        ActionChains(self.chrome).move_to_element(box).click().perform()

    def press(self, *keys: str) -> None:
        ActionChains(self.chrome).send_keys(*keys).perform()

    def click(self, selector: str) -> None:
        self.one(selector).click()

    def choose(self, selector: str, value: str) -> None:
        Select(self.one(selector)).select_by_value(value)

    def save(self) -> list[LabelledJoint]:
        """Save the labels, and read them as training would."""
        return list(read_labels(self.saved()).joints)

    def saved(self, key: str | None = None) -> Path:
        """Name the patient if nothing does, and save the labels, with the button or a key."""
        patient = self.one("#patient")
        nobody = patient.get_attribute("placeholder") == "for training"
        if nobody and not patient.get_attribute("value"):
            patient.send_keys(PATIENT)
            self.chrome.execute_script("document.activeElement.blur()")  # so that keys are keys
        behaviour = {"behavior": "allow", "downloadPath": str(self.folder)}
        self.chrome.execute_cdp_cmd("Browser.setDownloadBehavior", behaviour)
        for old in self.folder.glob("*.csv"):
            old.unlink()
        if key is None:
            self.click("#save")
        else:
            self.press(key)
        WebDriverWait(self.chrome, 10).until(lambda _: list(self.folder.glob("*.csv")))
        (file,) = self.folder.glob("*.csv")
        return file
