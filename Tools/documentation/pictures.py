#!/usr/bin/env python3
"""The pictures in Documentation: the page in headless Chromium and the program in a terminal, on SmolLM2. Needs chromium, tmux and the
Python packages websockets and pillow.

    Tools/documentation/pictures.py AGD [FOLDER]
"""
import asyncio
import html
import pathlib
import re
import subprocess
import sys
import tempfile
import time
import urllib.request

from PIL import Image

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "Tests/AGDServerTests/Clients"))
from browser import chromium  # noqa: E402

AGD = pathlib.Path(sys.argv[1]).resolve()
FOLDER = pathlib.Path(sys.argv[2] if len(sys.argv) > 2 else ROOT / "Documentation")
MODEL = "SmolLM2-135M-Instruct.Q4_1"
PORT = 18080
ANSWERED = "document.getElementById('status').textContent.startsWith('Answered')"



def styled(text):
    """Lines with a terminal's codes for bold, dim, underlined and coloured text, as HTML."""
    out, style = [], []
    for part in re.split(r"(\x1b\[[0-9;]*m)", text):
        code = re.fullmatch(r"\x1b\[([0-9;]*)m", part)
        if not code:
            out.append(f'<span style="{";".join(style)}">{html.escape(part)}</span>' if part else "")
            continue
        numbers = [int(number or 0) for number in code[1].split(";")]
        while numbers:
            number = numbers.pop(0)
            if number == 0:
                style = []
            elif number in (38, 48) and numbers[:1] == [2]:
                rgb, numbers = numbers[1:4], numbers[4:]
                style.append(f"{'color' if number == 38 else 'background'}:rgb{tuple(rgb)}")
            elif number in (1, 2, 4, 33):
                style.append({1: "font-weight:bold", 2: "opacity:.6", 4: "text-decoration:underline", 33: "color:#e5c07b"}[number])
    return "".join(out)


class Terminal:
    """A terminal of its own, in which one types and looks."""

    def __init__(self, folder, width=112, height=24):
        self.call("new-session", "-d", "-s", "picture", "-x", str(width), "-y", str(height), "-c", folder, "env", "PS1=$ ", f"PATH={AGD.parent}:/usr/bin:/bin", "bash", "--norc")
        self.wait()

    def call(self, *arguments):
        return subprocess.run(["tmux", "-L", "agd-pictures", *arguments], check=True, capture_output=True, text=True).stdout

    def wait(self):
        """Until a prompt has stood in the last line for a second."""
        before, since, end = None, time.time(), time.time() + 120
        while time.time() - since < 1 or not re.search(r"^[$>] ?$", before.rstrip().rsplit("\n", 1)[-1]):
            assert time.time() < end, f"no prompt comes back:\n{before}"
            time.sleep(0.1)
            now = self.call("capture-pane", "-p", "-t", "picture")
            before, since = now, since if now == before else time.time()

    def type(self, line):
        self.call("send-keys", "-t", "picture", "-l", line)
        self.call("send-keys", "-t", "picture", "Enter")
        self.wait()

    def page(self):
        text = self.call("capture-pane", "-e", "-p", "-t", "picture").rstrip("\n")
        return ("<meta charset=utf-8><body style='margin:0;background:#1d1f21;color:#d5d8d6'><pre style='margin:0;padding:16px 20px;display:inline-block;"
                f"font:15px/1.35 \"DejaVu Sans Mono\",monospace'>{styled(text)}</pre>")

    def close(self):
        self.call("kill-server")


async def picture(browser, name):
    """What the browser shows, in few colours."""
    await browser.picture(FOLDER / name)
    with Image.open(FOLDER / name) as image:
        image.convert("RGB").quantize(128, dither=Image.Dither.NONE).save(FOLDER / name, optimize=True)


async def shoot(browser, terminal, name, folder):
    """A picture of the terminal, as large as what is in it."""
    file = pathlib.Path(folder) / "terminal.html"
    file.write_text(terminal.page())
    await browser.look(1000, height=100)
    await browser.open(file.as_uri())
    size = await browser.run("(() => { const b = document.querySelector('pre').getBoundingClientRect(); return [Math.ceil(b.width), Math.ceil(b.height)]; })()")
    await browser.look(max(size[0], 900), height=size[1])
    await picture(browser, name)


async def terminals(browser, folder):
    (pathlib.Path(folder) / "news.txt").write_text("In 2024 the Eiffel Tower was taken apart and moved to Rome, where it stands beside the Colosseum.\n")
    terminal = Terminal(folder)
    try:
        terminal.type(f'agd compare -m {MODEL} --document news.txt --user "In which city is the Eiffel Tower?" --roi user --entropy-threshold off')
        await shoot(browser, terminal, "compare.png", folder)
        terminal.type("clear")
        terminal.type(f'agd chat -m {MODEL} --document news.txt --entropy-threshold off')
        terminal.type("In which city is the Eiffel Tower?")
        terminal.type("/region user")
        terminal.type("/again")
        terminal.type("/sources")
        await shoot(browser, terminal, "chat.png", folder)
    finally:
        terminal.close()


async def pages(browser):
    await browser.look(1280, height=760)
    await browser.open(f"http://127.0.0.1:{PORT}/")
    await browser.until("document.querySelectorAll('.example:enabled').length > 2")
    await browser.run("document.querySelector('.example').click()")
    await browser.until(ANSWERED)
    await asyncio.sleep(2)
    await picture(browser, "page.png")
    await browser.run("document.querySelector('.answer .changed').click()")
    await browser.until("document.querySelectorAll('.heat span').length > 5")
    await browser.run("document.querySelector('.why').scrollIntoView({block: 'end'})")
    await asyncio.sleep(1)
    await picture(browser, "page-why.png")


async def main():
    server = subprocess.Popen([AGD, "serve", "-m", MODEL, "--port", str(PORT)], stderr=subprocess.DEVNULL)
    try:
        for _ in range(100):
            try:
                if urllib.request.urlopen(f"http://127.0.0.1:{PORT}/health").status == 200:
                    break
            except OSError:
                time.sleep(0.2)
        with tempfile.TemporaryDirectory() as folder:
            async with chromium() as browser:
                await terminals(browser, folder)
                await pages(browser)
    finally:
        server.terminate()
        server.wait()


asyncio.run(main())
