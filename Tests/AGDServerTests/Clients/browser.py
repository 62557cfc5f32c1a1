"""A real browser, driven by Chromium's debugging protocol."""
import asyncio
import base64
import contextlib
import itertools
import json
import pathlib
import shutil
import subprocess
import tempfile
import urllib.request

import websockets

KEYS = {"Tab": 9, "Enter": 13, "Escape": 27, " ": 32, "End": 35, "Home": 36, "ArrowLeft": 37, "ArrowRight": 39}


class Browser:
    """A tab. What it finds wrong (exceptions, warnings, refused resources) is collected in `problems`."""

    def __init__(self, socket):
        self.socket, self.ids, self.problems, self.replies = socket, itertools.count(1), [], {}
        self.requests = []  # bodies of what the page posted, with their paths

    async def call(self, method, **parameters):
        number = next(self.ids)
        await self.socket.send(json.dumps({"id": number, "method": method, "params": parameters}))
        while True:
            message = json.loads(await asyncio.wait_for(self.socket.recv(), 60))
            await self.note(message)
            if message.get("id") == number:
                assert "error" not in message, message
                return message["result"]

    async def note(self, message):
        parameters = message.get("params", {})
        level = parameters.get("entry", {}).get("level")
        if message.get("method") == "Runtime.exceptionThrown" or level in ("warning", "error"):
            self.problems.append(json.dumps(parameters)[:400])
        if message.get("method") == "Fetch.requestPaused":
            await self.fulfil(parameters)

    async def fulfil(self, request):
        """Answers a request to one of the paths in `replies`, {path: (status, type, body)}, or never (None), or as if there were no
        server (ConnectionError); the server has all others."""
        if body := request["request"].get("postData"):
            self.requests.append((request["request"]["url"], json.loads(body)))
        path = next((path for path in self.replies if path in request["request"]["url"]), None)
        if path and self.replies[path] is None:
            return
        reply = self.replies.get(path)
        method, parameters = "Fetch.continueRequest", {"requestId": request["requestId"]}
        if reply is ConnectionError:
            method, parameters["errorReason"] = "Fetch.failRequest", "ConnectionRefused"
        elif reply:
            status, kind, body = reply
            method = "Fetch.fulfillRequest"
            parameters |= {"responseCode": status, "body": base64.b64encode(body.encode()).decode(), "responseHeaders": [{"name": "Content-Type", "value": kind}]}
        await self.socket.send(json.dumps({"id": next(self.ids), "method": method, "params": parameters}))

    async def run(self, script):
        result = await self.call("Runtime.evaluate", expression=script, awaitPromise=True, returnByValue=True)
        assert "exceptionDetails" not in result, result["exceptionDetails"]
        return result["result"].get("value")

    async def until(self, condition, seconds=40):
        for _ in range(seconds * 10):
            if await self.run(f"Boolean({condition})"):
                return
            await asyncio.sleep(0.1)
        raise AssertionError(f"never true: {condition}; status: " + str(await self.run("document.getElementById('status')?.textContent")))

    async def text(self, selector):
        return await self.run(f"document.querySelector({selector!r})?.textContent ?? null")

    async def count(self, selector):
        return await self.run(f"document.querySelectorAll({selector!r}).length")

    async def click(self, selector):
        box = await self.run(f"(() => {{ const e = document.querySelector({selector!r}); e.scrollIntoView({{block: 'center'}});"
                             " const b = e.getBoundingClientRect(); return [b.x + b.width / 2, b.y + b.height / 2]; })()")
        for kind in ("mousePressed", "mouseReleased"):
            await self.call("Input.dispatchMouseEvent", type=kind, x=box[0], y=box[1], button="left", clickCount=1)

    async def press(self, label, within="document"):
        """A button by what is written on it."""
        script = f"[...{within}.querySelectorAll('button')].find(b => b.textContent.trim() === {label!r} && b.offsetParent !== null)"
        assert await self.run(f"Boolean({script})"), f"there is no button {label!r}"
        await self.run(f"{script}.click()")

    async def type(self, text):
        await self.call("Input.insertText", text=text)

    async def key(self, name, modifiers=0):
        text = {"text": {"Enter": "\r", " ": " "}[name]} if name in ("Enter", " ") else {}
        common = {"key": name, "code": "Space" if name == " " else name, "windowsVirtualKeyCode": KEYS[name], "modifiers": modifiers}
        await self.call("Input.dispatchKeyEvent", type="keyDown", **common, **text)
        await self.call("Input.dispatchKeyEvent", type="keyUp", **common)

    async def tab_to(self, selector, limit=80):
        """Goes on with the tabulator until an element has the focus, and sees that it shows."""
        for _ in range(limit):
            await self.key("Tab")
            if await self.run(f"document.activeElement.matches({selector!r})"):
                outline = await self.run("(() => { const s = getComputedStyle(document.activeElement);"
                                         " return s.outlineStyle !== 'none' && parseFloat(s.outlineWidth) >= 2; })()")
                assert outline, f"the focus can't be seen on {selector}"
                return
        raise AssertionError(f"the tabulator doesn't reach {selector}")

    async def look(self, width, dark=False, phone=False, height=900):
        await self.call("Emulation.setDeviceMetricsOverride", width=width, height=height, deviceScaleFactor=1, mobile=phone)
        await self.call("Emulation.setEmulatedMedia", features=[{"name": "prefers-color-scheme", "value": "dark" if dark else "light"}])

    async def picture(self, path):
        shot = await self.call("Page.captureScreenshot")
        pathlib.Path(path).write_bytes(base64.b64decode(shot["data"]))

    async def open(self, url):
        await self.call("Page.navigate", url="about:blank")
        await self.call("Page.navigate", url=url)
        await self.until("document.readyState === 'complete'")


@contextlib.asynccontextmanager
async def chromium():
    program = shutil.which("chromium") or shutil.which("chromium-browser")
    assert program, "chromium is not installed: apt-get install chromium"
    with tempfile.TemporaryDirectory() as profile:
        process = subprocess.Popen(
            [program, "--headless", "--no-sandbox", "--disable-gpu", "--remote-debugging-port=0", f"--user-data-dir={profile}", "about:blank"],
            stderr=subprocess.DEVNULL)
        try:
            port_file = pathlib.Path(profile) / "DevToolsActivePort"
            for _ in range(300):
                if port_file.exists() and port_file.read_text().strip():
                    break
                await asyncio.sleep(0.1)
            port = port_file.read_text().split()[0]
            [target] = [t for t in json.load(urllib.request.urlopen(f"http://127.0.0.1:{port}/json")) if t["type"] == "page"][:1]
            async with websockets.connect(target["webSocketDebuggerUrl"], max_size=None) as socket:
                browser = Browser(socket)
                for domain in ("Runtime", "Log", "Page"):
                    await browser.call(f"{domain}.enable")
                # From the start: requests of a page that is there already can slip through.
                await browser.call("Fetch.enable", patterns=[{"urlPattern": "*/v1/*"}])
                yield browser
        finally:
            process.terminate()
            process.wait()
