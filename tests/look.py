"""`make look`: opens what people open in a real browser and in LibreOffice, and saves what they see.

Run as `python -m tests.look [RELEASE_FOLDER_UNDER_var/open]`. The report is opened on a desktop, on a
phone, in dark mode and on paper; an error on its console, a request that leaves it or a width that does not
fit is a failure. Whether it looks well is for the eye: the pictures lie in var/look/.
"""

from __future__ import annotations

import base64
import json
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from orchestration.lake.paths import Lake
from orchestration.settings import settings

BROWSERS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome", "msedge")
OFFICES = ("soffice", "libreoffice")
_PATIENCE_S = 60.0
# A picture of the whole page may not be higher than browsers can paint.
_HIGHEST_PX = 16_000
# A4 landscape less its margins of 11 mm, in CSS pixels.
_PAGE_PX = 710


@dataclass(frozen=True)
class View:
    """One way of opening the page: its window in CSS pixels, and what the reader prefers."""

    name: str
    width: int
    height: int
    media: str = "screen"
    scheme: str = "light"
    is_phone: bool = False


VIEWS = (
    View("desktop", 1440, 900),
    View("dark", 1440, 900, scheme="dark"),
    View("phone", 390, 844, is_phone=True),
    View("phone-dark", 390, 844, scheme="dark", is_phone=True),
    View("print", 1050, 742, media="print"),
)


@dataclass
class Tab:
    """A tab of the browser, spoken to in the DevTools protocol; `faults` is what should not have happened."""

    socket: Any
    session: str = ""
    last: int = 0
    faults: list[str] = field(default_factory=list)

    def ask(self, method: str, **parameters: Any) -> dict[str, Any]:
        """Send a command and return its answer; events on the way are judged."""
        self.last += 1
        message = {"id": self.last, "method": method, "params": parameters}
        self.socket.send(json.dumps(message | ({"sessionId": self.session} if self.session else {})))
        while True:
            answer = json.loads(self.socket.recv(timeout=_PATIENCE_S))
            if answer.get("id") == self.last:
                if "error" in answer:
                    raise RuntimeError(f"{method}: {answer['error']['message']}")
                return dict(answer["result"])
            self._judge(answer)

    def value(self, script: str) -> Any:
        """Return what a script comes to in the page."""
        return self.ask("Runtime.evaluate", expression=script, returnByValue=True)["result"].get("value")

    def _judge(self, event: dict[str, Any]) -> None:
        told = event.get("params", {})
        match event.get("method"):
            case "Runtime.exceptionThrown":
                self.faults.append(f"exception: {told['exceptionDetails'].get('text')}")
            case "Runtime.consoleAPICalled" if told["type"] in ("error", "warning", "assert"):
                said = " ".join(str(one.get("value", one.get("description", ""))) for one in told["args"])
                self.faults.append(f"console {told['type']}: {said[:300]}")
            case "Log.entryAdded" if told["entry"]["level"] in ("error", "warning"):
                self.faults.append(f"log {told['entry']['level']}: {told['entry']['text'][:300]}")
            case "Network.requestWillBeSent":
                address = told["request"]["url"]
                if not address.startswith(("file:", "data:", "about:", "blob:")):
                    self.faults.append(f"request: {address}")


@contextmanager
def open_browser(program: str) -> Iterator[Tab]:
    """Start the browser headless with a profile of its own, and yield a tab of it."""
    from websockets.sync.client import connect

    with tempfile.TemporaryDirectory(prefix="stockplan-look-") as profile:
        started = subprocess.Popen(
            [
                program,
                "--headless",
                "--no-sandbox",
                "--disable-gpu",
                "--disable-background-networking",
                "--no-first-run",
                "--hide-scrollbars",
                "--remote-debugging-port=0",
                f"--user-data-dir={profile}",
                "about:blank",
            ],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        try:
            with connect(_address(Path(profile), started), max_size=None) as socket:
                tab = Tab(socket)
                target = tab.ask("Target.createTarget", url="about:blank")["targetId"]
                tab.session = tab.ask("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
                for domain in ("Page", "Runtime", "Network", "Log"):
                    tab.ask(f"{domain}.enable")
                yield tab
        finally:
            started.terminate()
            started.wait(timeout=_PATIENCE_S)


def _address(profile: Path, browser: subprocess.Popen[bytes]) -> str:
    """Wait until the browser has written where it listens."""
    written = profile / "DevToolsActivePort"
    end = time.monotonic() + _PATIENCE_S
    while time.monotonic() < end and browser.poll() is None:
        if written.exists() and len(lines := written.read_text().splitlines()) > 1:
            return f"ws://127.0.0.1:{lines[0]}{lines[1]}"
        time.sleep(0.1)
    raise RuntimeError("the browser did not start; start it by hand with --headless to see why")


def look_at(tab: Tab, page: Path, view: View, folder: Path) -> list[Path]:
    """Open the page in one way; save the first screen, the whole page and every section."""
    _window(tab, view, view.height)
    tab.ask(
        "Emulation.setEmulatedMedia",
        media=view.media,
        features=[{"name": "prefers-color-scheme", "value": view.scheme}],
    )
    tab.ask("Page.navigate", url=page.resolve().as_uri())
    end = time.monotonic() + _PATIENCE_S
    while tab.value("document.documentElement.dataset.drawn") != "yes":
        if time.monotonic() > end:
            tab.faults.append(f"{view.name}: the charts were not drawn in {_PATIENCE_S:.0f} s")
            break
        time.sleep(0.2)
    saved = [_picture(tab, folder / f"{view.name}.png", None)]
    size = tab.ask("Page.getLayoutMetrics")["cssContentSize"]
    if size["width"] > view.width + 1:
        tab.faults.append(f"{view.name}: the page is {size['width']} px wide in a window of {view.width}")
    whole = (0, 0, view.width, min(size["height"], _HIGHEST_PX))
    saved.append(_picture(tab, folder / f"{view.name}-whole.png", whole))
    boxes = tab.value(
        "[...document.querySelectorAll('main > section')].map(s => { const b = s.getBoundingClientRect(); "
        "return [s.id, b.y + scrollY, b.height] })"
    )
    for name, top, height in boxes:
        # In a window as high as the section: what lies far outside a window is not always painted.
        _window(tab, view, int(min(height, _HIGHEST_PX)) + 1)
        tab.value(f"scrollTo({{top: {top}, behavior: 'instant'}})")
        saved.append(_picture(tab, folder / f"{view.name}-{name}.png", None))
    if view.media == "print":
        tab.faults += [
            f"print: {name} is {height:.0f} px high and does not fit a page of {_PAGE_PX}"
            for name, height in tab.value(
                "[...document.querySelectorAll('section.page')].map(s => "
                "[s.id, s.getBoundingClientRect().height])"
            )
            if height > _PAGE_PX
        ]
    return saved


def _window(tab: Tab, view: View, height: int) -> None:
    tab.ask(
        "Emulation.setDeviceMetricsOverride",
        width=view.width,
        height=height,
        deviceScaleFactor=1,
        mobile=view.is_phone,
    )


def _picture(tab: Tab, path: Path, clip: Sequence[float] | None) -> Path:
    asked: dict[str, Any] = {"format": "png"}
    if clip is not None:
        names = ("x", "y", "width", "height")
        asked |= {"captureBeyondViewport": True, "clip": dict(zip(names, clip, strict=True)) | {"scale": 1}}
    path.write_bytes(base64.b64decode(tab.ask("Page.captureScreenshot", **asked)["data"]))
    return path


def look_at_keyboard(tab: Tab) -> list[str]:
    """Walk through the page with the tab key; return what cannot be reached or has no name."""
    faults = []
    for kind in ("rawKeyDown", "keyUp"):
        tab.ask("Input.dispatchKeyEvent", type=kind, key="Tab", code="Tab", windowsVirtualKeyCode=9)
    if tab.value("document.activeElement.className") != "skip":
        faults.append("keyboard: the first stop is not the link that skips the contents")
    stops, most = 1, int(tab.value("document.querySelectorAll('a, summary, [tabindex=\"0\"]').length"))
    seen: list[float] = []
    for _ in range(most + 5):
        for kind in ("rawKeyDown", "keyUp"):
            tab.ask("Input.dispatchKeyEvent", type=kind, key="Tab", code="Tab", windowsVirtualKeyCode=9)
        place = tab.value(
            "(e => e === document.body ? null : [...document.querySelectorAll('*')].indexOf(e))"
            "(document.activeElement)"
        )
        if place is None or (seen and place < seen[0]):
            break
        seen.append(place)
        stops += 1
    if seen != sorted(seen):
        faults.append("keyboard: the stops do not follow the page")
    if stops < most:
        faults.append(f"keyboard: {most - stops} of {most} links, regions and texts cannot be reached")
    wide = tab.value(
        "[...document.querySelectorAll('.scroll')].filter(e => e.scrollWidth > e.clientWidth + 1 "
        "&& e.tabIndex < 0).length"
    )
    if wide:
        faults.append(f"keyboard: {wide} tables are wider than their place and cannot be scrolled")
    nameless = tab.value(
        "[...document.querySelectorAll('a, [tabindex=\"0\"], [role=img]')].filter("
        "e => !(e.textContent.trim() || e.getAttribute('aria-label'))).length"
    )
    if nameless:
        faults.append(f"keyboard: {nameless} links, regions or pictures have no name")
    return faults


def look_at_report(page: Path, folder: Path) -> list[str]:
    """Save what the report looks like; return the faults. Says so when there is no browser."""
    program = next((found for name in BROWSERS if (found := shutil.which(name))), None)
    if program is None:
        return [f"no browser is installed; install one of {', '.join(BROWSERS)} to look at the report"]
    with open_browser(program) as tab:
        for view in VIEWS:
            saved = look_at(tab, page, view, folder)
            print(f"  {view.name:<11} {len(saved)} pictures")
            if view.name == "desktop":
                tab.faults += look_at_keyboard(tab)
        paper = tab.ask("Page.printToPDF", preferCSSPageSize=True, printBackground=True)["data"]
        (folder / "report.pdf").write_bytes(base64.b64decode(paper))
        return tab.faults


def look_at_workbook(workbook: Path, folder: Path) -> list[str]:
    """Let LibreOffice print the workbook, and every page as a picture where pdftoppm is installed."""
    office = next((found for name in OFFICES if (found := shutil.which(name))), None)
    if office is None:
        print("  workbook    not looked at: LibreOffice is not installed (apt-get install libreoffice-calc)")
        return []
    with tempfile.TemporaryDirectory(prefix="stockplan-look-") as profile:
        asked = [
            office,
            f"-env:UserInstallation={Path(profile).as_uri()}",
            "--headless",
            "--convert-to",
            "pdf",
        ]
        made = subprocess.run(
            [*asked, "--outdir", str(folder), str(workbook)],
            capture_output=True,
            text=True,
            check=False,
            timeout=600,
        )
    printed = folder / f"{workbook.stem}.pdf"
    if made.returncode or not printed.exists():
        return [f"LibreOffice could not open the workbook: {made.stderr.strip()[-500:]}"]
    drawer = shutil.which("pdftoppm")
    if drawer:
        pictures = [drawer, "-png", "-r", "60", "-l", "30", str(printed), str(folder / "workbook")]
        subprocess.run(pictures, check=True, timeout=600)
    print(f"  workbook    {printed}{'' if drawer else '; pictures of its pages need pdftoppm'}")
    return []


def main() -> int:
    """Look at the report and the workbook behind the doors, or in the folder that is named."""
    root = Lake(settings().home.resolve()).root
    named = Path(sys.argv[1]) if len(sys.argv) > 1 else None
    page = named / "report.html" if named else root / "report.html"
    workbook = named / "stockplan.xlsx" if named else root / "workbook.xlsx"
    folder = root / "look"
    for path in (page, workbook):
        if not path.exists():
            print(f"{path} is not there; make it with: stockplan report; stockplan workbook")
            return 1
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    faults = look_at_report(page, folder) + look_at_workbook(workbook, folder)
    print(f"Pictures: {folder}")
    for fault in faults:
        print(f"  ✗ {fault}")
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
