"""Drives the page in a real browser by Chromium's debugging protocol. Usage: page.py BASE_URL FOLDER-FOR-SCREENSHOTS"""
import asyncio
import base64
import itertools
import json
import pathlib
import shutil
import subprocess
import sys
import tempfile
import urllib.request

import websockets

base_url, folder = sys.argv[1], pathlib.Path(sys.argv[2])
folder.mkdir(parents=True, exist_ok=True)


class Browser:
    def __init__(self, socket):
        self.socket, self.ids, self.problems = socket, itertools.count(1), []

    async def call(self, method, **parameters):
        number = next(self.ids)
        await self.socket.send(json.dumps({"id": number, "method": method, "params": parameters}))
        while True:
            message = json.loads(await asyncio.wait_for(self.socket.recv(), 60))
            level = message.get("params", {}).get("entry", {}).get("level")
            if message.get("method") == "Runtime.exceptionThrown" or level in ("warning", "error"):
                self.problems.append(json.dumps(message["params"])[:300])
            if message.get("id") == number:
                assert "error" not in message, message
                return message["result"]

    async def run(self, script):
        result = await self.call("Runtime.evaluate", expression=script, awaitPromise=True, returnByValue=True)
        assert "exceptionDetails" not in result, result["exceptionDetails"]
        return result["result"].get("value")

    async def until(self, condition, seconds=40):
        for _ in range(seconds * 10):
            if await self.run(condition):
                return
            await asyncio.sleep(0.1)
        raise AssertionError(f"never true: {condition}; status: " + str(await self.run("document.getElementById('status').textContent")))

    async def click(self, selector):
        box = await self.run(f"(() => {{ const e = document.querySelector({selector!r}); e.scrollIntoView({{block: 'center'}});"
                             " const b = e.getBoundingClientRect(); return [b.x + b.width / 2, b.y + b.height / 2]; })()")
        for kind in ("mousePressed", "mouseReleased"):
            await self.call("Input.dispatchMouseEvent", type=kind, x=box[0], y=box[1], button="left", clickCount=1)

    async def key(self, name, modifiers=0):
        code = {"Tab": 9, "Enter": 13, "ArrowLeft": 37, "ArrowRight": 39}[name]
        text = {"text": "\r"} if name == "Enter" else {}
        await self.call("Input.dispatchKeyEvent", type="keyDown", key=name, code=name, windowsVirtualKeyCode=code, modifiers=modifiers, **text)
        await self.call("Input.dispatchKeyEvent", type="keyUp", key=name, code=name, windowsVirtualKeyCode=code, modifiers=modifiers)

    async def tab_to(self, selector):
        """Goes on with the tabulator until an element has the focus, and shows it."""
        for _ in range(40):
            await self.key("Tab")
            if await self.run(f"document.activeElement.matches({selector!r})"):
                outline = await self.run("(() => { const s = getComputedStyle(document.activeElement); return s.outlineStyle !== 'none' && parseFloat(s.outlineWidth) >= 2; })()")
                assert outline, f"the focus can't be seen on {selector}"
                return
        raise AssertionError(f"the tabulator doesn't reach {selector}")

    async def look(self, width, dark, phone):
        await self.call("Emulation.setDeviceMetricsOverride", width=width, height=900, deviceScaleFactor=1, mobile=phone)
        await self.call("Emulation.setEmulatedMedia", features=[{"name": "prefers-color-scheme", "value": "dark" if dark else "light"}])

    async def picture(self, name):
        height = await self.run("document.documentElement.scrollHeight")
        shot = await self.call("Page.captureScreenshot", captureBeyondViewport=True, clip={
            "x": 0, "y": 0, "width": await self.run("innerWidth"), "height": height, "scale": 1})
        (folder / f"{name}.png").write_bytes(base64.b64decode(shot["data"]))


async def keyboard(browser):
    """All of it without a mouse: the controls in the order of the page, a region, an answer, a token's reasons."""
    order = ["#messages select", "#messages .head button", "textarea"] * 2 + ["#mark", "#add", "#regions input", "#regions button", "summary", "#run", "#link", "#save", "#open"]
    for selector in order:
        await browser.tab_to(selector)
    await browser.run("document.querySelectorAll('textarea')[1].focus()")
    await browser.run("document.activeElement.setSelectionRange(999, 999)")
    for _ in range(9):
        await browser.key("ArrowLeft", modifiers=8)  # Shift
    await browser.tab_to("#mark")
    await browser.key("Enter")
    assert await browser.run("[...document.querySelectorAll('#regions q')].map(q => q.textContent)") == ["Reply in English, please.", "language."]
    await browser.tab_to("#regions li:last-child button")
    await browser.key("Enter")
    assert await browser.run("document.querySelectorAll('#regions q').length") == 1
    await browser.tab_to("#run")
    await browser.key("Enter")
    await browser.until("document.getElementById('status').textContent.startsWith('Done')")
    assert await browser.run("document.activeElement.id") == "run", "the focus was lost while answering"
    await browser.tab_to("#agd .token")
    await browser.key("ArrowRight")
    await browser.key("Enter")
    await browser.until("document.querySelectorAll('#heat span').length > 5")


async def check(browser):
    await browser.call("Runtime.enable")
    await browser.call("Log.enable")
    await browser.call("Page.enable")
    await browser.look(1280, dark=False, phone=False)
    await browser.call("Page.navigate", url=base_url + "/")
    await browser.until("document.querySelectorAll('textarea').length === 2 && document.getElementById('model').textContent !== ''")

    await browser.picture("start")
    await keyboard(browser)

    # The example answers, greedily and guided, and differs.
    await browser.click("#run")
    await browser.until("document.getElementById('status').textContent.startsWith('Done')")
    answer = "document.getElementById('agd').textContent"
    greedy = await browser.run("document.getElementById('greedy').textContent")
    guided = await browser.run(answer)
    assert greedy and guided, (greedy, guided)
    print("greedy:", greedy)
    print("guided:", guided)
    changed = await browser.run("document.querySelectorAll('#agd .token.changed').length")
    assert changed > 0, "guidance changed nothing in the example"

    # Touching a token tells why, and colours what it rests on.
    await browser.click("#agd .token.changed")
    await browser.until("document.querySelectorAll('#heat span').length > 5")
    assert await browser.run("document.querySelectorAll('#detail-candidates tr').length") > 1
    assert "Guidance chose it" in await browser.run("document.getElementById('detail-why').textContent")
    assert await browser.run("[...document.querySelectorAll('#heat span')].some(s => s.style.backgroundColor !== '')")
    await browser.picture("desktop-light")
    # By keyboard: along the tokens, and open one.
    await browser.run("document.querySelector('#agd .token.changed').focus()")
    await browser.key("ArrowLeft")
    await browser.key("Enter")
    await browser.until("document.activeElement.getAttribute('aria-pressed') === 'true'")
    await browser.until("document.querySelectorAll('#heat span').length > 5")
    await browser.look(1280, dark=True, phone=False)
    await browser.picture("desktop-dark")

    # Marking another passage with the selection changes the region, and a negative weight the answer's scores.
    await browser.click("#regions button")
    assert await browser.run("document.querySelectorAll('#regions q').length") == 0
    await browser.run("(() => { const t = document.querySelectorAll('textarea')[1]; t.focus();"
                      " const at = t.value.indexOf('Use'); t.setSelectionRange(at, t.value.length); t.dispatchEvent(new Event('select')); })()")
    await browser.click("#mark")
    assert await browser.run("document.querySelector('#regions q').textContent") == "Use the Spanish language."
    await browser.run("(() => { const s = document.querySelector('#regions input'); s.value = -1; s.dispatchEvent(new Event('input')); })()")
    assert await browser.run("document.querySelector('#regions output').value") == "-1.0"
    await browser.click("#run")
    await browser.until("document.getElementById('status').textContent.startsWith('Done')")
    print("away from the request:", await browser.run(answer))

    # A link brings everything back.
    await browser.click("#link")
    link = await browser.run("location.href")
    await browser.call("Page.navigate", url="about:blank")
    await browser.call("Page.navigate", url=link)
    await browser.until("document.querySelectorAll('#regions q').length === 1")
    assert await browser.run("document.querySelector('#regions output').value") == "-1.0"
    await browser.click("#run")
    await browser.until("document.getElementById('status').textContent.startsWith('Done')")
    await browser.run("document.querySelector('#agd .token').click()")
    await browser.until("document.querySelectorAll('#heat span').length > 5")

    for dark in (False, True):
        await browser.look(375, dark, phone=True)
        overflow = await browser.run("document.documentElement.scrollWidth - innerWidth")
        assert overflow <= 0, f"the page is {overflow} pixels wider than a phone"
        clipped = await browser.run("[...document.querySelectorAll('main *')].filter(e => e.offsetParent && e.getBoundingClientRect().right"
                                    " > e.closest('section').getBoundingClientRect().right + 0.5).map(e => e.outerHTML.slice(0, 80))")
        assert not clipped, f"beyond the edge: {clipped}"
        wide = await browser.run("(() => { const box = document.getElementById('detail'); return box.scrollWidth - box.clientWidth; })()")
        assert wide <= 0, f"the candidates are {wide} pixels wider than their box"
        await browser.picture("phone-dark" if dark else "phone-light")
    unnamed = await browser.run("[...document.querySelectorAll('button, input, select, textarea')].filter(e => !e.hidden &&"
                                " !(e.ariaLabel || e.textContent.trim() || e.labels?.length)).map(e => e.outerHTML)")
    assert not unnamed, f"without a name for screen readers: {unnamed}"
    assert not browser.problems, browser.problems


async def main():
    chromium = shutil.which("chromium") or shutil.which("chromium-browser")
    assert chromium, "chromium is not installed: apt-get install chromium"
    with tempfile.TemporaryDirectory() as profile:
        process = subprocess.Popen(
            [chromium, "--headless", "--no-sandbox", "--disable-gpu", "--remote-debugging-port=0", f"--user-data-dir={profile}",
             "about:blank"], stderr=subprocess.DEVNULL)
        try:
            port_file = pathlib.Path(profile) / "DevToolsActivePort"
            for _ in range(300):
                if port_file.exists() and port_file.read_text().strip():
                    break
                await asyncio.sleep(0.1)
            port = port_file.read_text().split()[0]
            [target] = [t for t in json.load(urllib.request.urlopen(f"http://127.0.0.1:{port}/json")) if t["type"] == "page"][:1]
            async with websockets.connect(target["webSocketDebuggerUrl"], max_size=None) as socket:
                await check(Browser(socket))
        finally:
            process.terminate()
            process.wait()
    print("ok")


asyncio.run(main())
