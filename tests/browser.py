"""Pages in a real browser: Chromium without a window, driven through its own protocol."""

from __future__ import annotations

import json
import os
import shutil
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

BROWSER, DRIVER = "chromium", "chromedriver"
_SECONDS = 20.0
_OPTIONS = ("--headless=new", "--no-sandbox", "--disable-dev-shm-usage", "--disable-gpu")


def require_browser() -> None:
    """Skip a test without Chromium; in CI, where it must be, fail."""
    if all(map(shutil.which, (BROWSER, DRIVER))):
        return
    told = f"{BROWSER} or {DRIVER} is missing"
    if os.environ.get("CI"):
        pytest.fail(f"{told}, and CI must have them")
    pytest.skip(told)


class Page:
    """An open page, with what it asked of the network and what its console said."""

    def __init__(self, driver: Any) -> None:
        self.driver = driver

    def open(self, path: Path, fragment: str = "") -> None:
        self.driver.get(path.resolve().as_uri() + fragment)

    def run(self, script: str, *arguments: Any) -> Any:
        """Run JavaScript; ``return`` gives its value."""
        return self.driver.execute_script(script, *arguments)

    def wait(self, script: str, *arguments: Any) -> Any:
        """Return a value of JavaScript as soon as it is true."""
        return wait_for(lambda: self.run(script, *arguments), script)

    def click(self, selector: str) -> None:
        """Click with the mouse where an element is seen."""
        element = self.driver.find_element("css selector", selector)
        self.run("arguments[0].scrollIntoView({block: 'center', behavior: 'instant'})", element)
        element.click()

    def click_at(self, x: float, y: float) -> None:
        """Click at a point of the window."""
        for kind in ("mouseMoved", "mousePressed", "mouseReleased"):
            self._protocol("Input.dispatchMouseEvent", type=kind, x=x, y=y, button="left", clickCount=1)

    def choose(self, selector: str, value: str) -> None:
        """Put a value into a field, as if it had been typed or chosen."""
        script = """
          const field = document.querySelector(arguments[0]);
          field.value = arguments[1];
          field.dispatchEvent(new Event(field.tagName === 'SELECT' ? 'change' : 'input'));
        """
        self.run(script, selector, value)

    def type(self, selector: str, text: str) -> None:
        self.driver.find_element("css selector", selector).send_keys(text)

    def prefers_dark(self) -> None:
        self._protocol(
            "Emulation.setEmulatedMedia",
            features=[{"name": "prefers-color-scheme", "value": "dark"}],
        )

    def size(self, width: int, height: int) -> None:
        self._protocol(
            "Emulation.setDeviceMetricsOverride",
            width=width,
            height=height,
            deviceScaleFactor=1,
            mobile=False,
        )

    def console(self) -> list[str]:
        """Return what the console has said since it was last asked: errors, and what was forbidden."""
        return [entry["message"] for entry in self.driver.get_log("browser")]

    def requests(self) -> set[str]:
        """Return the kinds of addresses that were asked for since this was last asked."""
        events = (
            json.loads(entry["message"])["message"] for entry in self.driver.get_log("performance")
        )
        urls = [
            event["params"]["request"]["url"]
            for event in events
            if event["method"] == "Network.requestWillBeSent"
        ]
        return {url.partition(":")[0] for url in urls}

    def _protocol(self, command: str, **arguments: Any) -> Any:
        return self.driver.execute_cdp_cmd(command, arguments)


@contextmanager
def browser() -> Iterator[Page]:
    """Start Chromium, and end it."""
    from selenium import webdriver
    from selenium.webdriver.chrome.service import Service

    options = webdriver.ChromeOptions()
    options.binary_location = shutil.which(BROWSER) or ""
    for option in _OPTIONS:
        options.add_argument(option)
    options.set_capability("goog:loggingPrefs", {"browser": "ALL", "performance": "ALL"})
    driver = webdriver.Chrome(options=options, service=Service(shutil.which(DRIVER)))
    driver.set_script_timeout(_SECONDS)
    try:
        yield Page(driver)
    finally:
        driver.quit()


def wait_for(condition: Callable[[], Any], what: str) -> Any:
    end = time.monotonic() + _SECONDS
    while time.monotonic() < end:
        found = condition()
        if found:
            return found
        time.sleep(0.05)
    raise AssertionError(f"did not become true within {_SECONDS:g} s: {what}")
