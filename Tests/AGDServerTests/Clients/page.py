"""Uses the page as people do, in a real browser. Usage: page.py BASE_URL FOLDER-FOR-SCREENSHOTS"""
import asyncio
import json
import pathlib
import re
import sys

from browser import chromium

base_url, folder = sys.argv[1], pathlib.Path(sys.argv[2])
folder.mkdir(parents=True, exist_ok=True)
SHIFT, CONTROL = 8, 2
ANSWERED = "document.getElementById('status').textContent.startsWith('Answered')"


async def begin(browser):
    """A new conversation with short answers."""
    await browser.press("New conversation")
    await browser.run("(() => { const i = document.getElementById('max-tokens'); i.value = 24; i.dispatchEvent(new Event('change')); })()")
    await browser.run("document.querySelector('#message textarea').focus()")


async def say(browser, text):
    await browser.run("document.getElementById('status').replaceChildren()")
    await browser.run("document.querySelector('#message textarea').focus()")
    await browser.type(text)
    await browser.key("Enter")
    await browser.until(ANSWERED)


async def prefer(browser, preset):
    await browser.run(f"document.querySelector('#presets [value={preset}]').click()")


async def keyboard_alone(browser):
    """Instructions, a mark, an answer, and why a word was said: all without a mouse."""
    await begin(browser)
    await browser.tab_to("#instruct")
    await browser.key("Enter")
    assert await browser.run("document.activeElement.matches('.editing textarea')"), "new instructions are not edited at once"
    await browser.type("You are a friendly assistant. Reply in English, please.")
    for _ in range(25):
        await browser.key("ArrowLeft", modifiers=SHIFT)
    await browser.run("document.activeElement.dispatchEvent(new KeyboardEvent('keydown', { key: 'm', ctrlKey: true, bubbles: true }))")
    assert await browser.text(".behind .marked") == "Reply in English, please."
    await browser.tab_to(".editing .row button:nth-child(2)")
    await browser.key("Enter")
    assert await browser.text("#marks q") == "Reply in English, please."
    await prefer(browser, "strong")
    await browser.run("document.querySelector('#message textarea').focus()")
    await browser.type("What do you know about Inga? Use the Spanish language.")
    await browser.key("Enter")
    await browser.until(ANSWERED)
    assert await browser.run("document.activeElement.matches('#message textarea')"), "the focus was lost while answering"
    assert await browser.count(".answer .changed") > 0, "guidance changed nothing"
    assert "guided 100 %, changed" in await browser.text(".answer .line")
    assert await browser.text("#spoken") == await browser.text(".answer .text")
    words = await browser.run("[...document.querySelectorAll('.answer [data-token]')].map(t => t.textContent)")
    assert all(word == word.lstrip() for word in words if word.strip()), "the space before a word is underlined with it"
    await browser.run("document.querySelector('[data-key$=\"/why\"]').focus()")
    await browser.key("Enter")
    assert await browser.run("document.activeElement.matches('.changed[role=button]')"), "the first changed word is not offered"
    await browser.key("Enter")
    await browser.until("document.querySelectorAll('.heat span').length > 5")
    assert "Guidance took it" in await browser.text(".why")
    assert await browser.count(".candidates tbody tr") > 1
    assert await browser.run("[...document.querySelectorAll('.heat span')].some(s => s.style.backgroundColor !== '')")
    await browser.key("ArrowRight")
    await browser.key("Enter")
    await browser.until("document.querySelector('.token.open').getAttribute('aria-pressed') === 'true'")
    await browser.picture(folder / "why.png")
    await browser.key("Escape")
    assert not await browser.count(".why:not([hidden])")


async def turns(browser):
    """Turns go on; an earlier one is edited with its marks; answers are compared, taken, stopped and continued."""
    await say(browser, "And what does Inga eat?")
    assert await browser.count("article.turn.user") == 2 and await browser.count("article.turn.assistant") == 2
    sent = [body for path, body in browser.requests if path.endswith("/chat/completions")][-1]
    assert [message["role"] for message in sent["messages"]] == ["system", "user", "assistant", "user"]
    region = sent["agd"]["roi"][0]
    first, end = region["characters"]
    assert sent["messages"][region["message"]]["content"][first:end] == "Reply in English, please."

    # A mark stays with its text when what is before it changes.
    await browser.press("Edit", "document.querySelector('.turn.system')")
    await browser.run("document.querySelector('.editing textarea').setSelectionRange(0, 0)")
    await browser.type("Listen: ")
    await browser.press("Save", "document.querySelector('.turn.system')")
    assert await browser.text("#marks q") == "Reply in English, please."
    assert await browser.text(".turn.system .marked") == "Reply in English, please."

    # Under other instructions the last turn is answered again, and no turn goes.
    await browser.run("document.getElementById('status').replaceChildren()")
    await browser.press("Edit", "document.querySelector('.turn.system')")
    await browser.press("Save and answer", "document.querySelector('.turn.system')")
    await browser.until(ANSWERED)
    assert await browser.count("article.turn.assistant") == 2 and await browser.text(".turn.assistant:last-child .versions span") == "2/2"

    # Editing an earlier turn answers it anew; its first answer stays, what followed can be had back.
    await browser.press("Edit", "document.querySelector('.turn.user')")
    await browser.run("document.querySelector('.editing textarea').select()")
    await browser.type("Who is Inga?")
    await browser.press("Save and answer", "document.querySelector('.turn.user')")
    await browser.until("document.getElementById('stop').hidden && document.querySelectorAll('article.turn.assistant').length === 1")
    assert await browser.text(".versions span") == "2/2"
    await browser.run("document.getElementById('status').replaceChildren()")

    # Beside greedy, and taking the other one.
    await browser.press("Beside greedy")
    await browser.until(f"document.querySelectorAll('.columns.two .answer').length === 2 && {ANSWERED}")
    await browser.picture(folder / "side-by-side.png")
    other = await browser.text(".answer.greedy .text")
    await browser.press("Take this one")
    assert await browser.text(".answer .text") == other

    # An answer that takes too long is stopped; the turn stays, and can be answered again.
    browser.replies = {"/v1/chat/completions": None}
    await browser.run("document.querySelector('#message textarea').focus()")
    await browser.type("Tell me more.")
    await browser.key("Enter")
    await browser.until("!document.getElementById('stop').hidden")
    await browser.picture(folder / "waiting.png")
    await browser.key("Escape")
    await browser.until("document.getElementById('stop').hidden && document.getElementById('status').textContent.startsWith('Stopped')")
    browser.replies = {}
    await browser.press("Again", "document.querySelector('.turn.assistant:last-child')")
    await browser.until(ANSWERED)

    # One that was cut goes on.
    last = ".turn.assistant:last-child"
    text = await browser.text(f"{last} .answer .text")
    if await browser.run(f"[...document.querySelectorAll('{last} button')].some(b => b.textContent === 'Go on')"):
        await browser.press("Go on", f"document.querySelector('{last}')")
        await browser.until(ANSWERED)
        assert browser.requests[-1][1]["continue_final_message"] and (await browser.text(f"{last} .answer .text")).startswith(text)


async def advice(browser):
    """Where guidance did nothing, the page says why and what to do."""
    await begin(browser)
    await say(browser, "What do you know about Inga?")
    await browser.run("(() => { const i = document.getElementById('entropy-threshold'); i.value = 19; i.dispatchEvent(new Event('change')); })()")
    await browser.press("Mark", "document.querySelector('.turn.user')")
    await browser.press("Again")
    await browser.until("document.querySelector('.advice')")
    assert "guided 0 %, changed 0 %" in await browser.text(".answer .line") and "entropy stayed below 19" in await browser.text(".advice")
    await browser.press("Guide every word")
    await browser.until("document.querySelector('.answer .line')?.textContent.startsWith('guided 100 %')")
    assert await browser.run("document.querySelector('#presets [value=always]').checked")
    # A word explains itself.
    await browser.click(".answer .line .term")
    await browser.until("document.getElementById('meaning').matches(':popover-open')")
    assert "hesitates" in await browser.text("#meaning")
    await browser.key("Escape")


async def drop(browser, text, name):
    """A file with a text is dropped on the page."""
    await browser.run(f"(() => {{ const data = new DataTransfer(); data.items.add(new File([{json.dumps(text)}], {json.dumps(name)}, {{ type: 'text/plain' }}));"
                      " dispatchEvent(new DragEvent('drop', { dataTransfer: data, bubbles: true, cancelable: true })); })()")


async def documents(browser):
    """A dropped document goes along; a part of it is marked with the mouse, and is the region that the server is sent."""
    await begin(browser)
    await drop(browser, "Grüße 😀. Inga has a red bicycle.", "note.txt")
    await browser.until("document.querySelector('#draft-documents .text')")
    await browser.run("(() => { const node = document.querySelector('#draft-documents .text').firstChild; const range = document.createRange(); const at = node.data.indexOf('Inga');"
                      " range.setStart(node, at); range.setEnd(node, node.length); getSelection().removeAllRanges(); getSelection().addRange(range); })()")
    await browser.until("!document.getElementById('mark-bar').hidden")
    await browser.click("#mark-bar button")
    assert await browser.text("#marks q") == "Inga has a red bicycle."
    await prefer(browser, "always")
    await say(browser, "What does Inga have?")
    sent = browser.requests[-1][1]
    region, content = sent["agd"]["roi"][0], sent["messages"][-1]["content"]
    assert content[slice(*region["characters"])] == "Inga has a red bicycle." and "note.txt" in content, (region, content)
    assert await browser.text(".document .marked") == "Inga has a red bicycle."
    # Switched on, the side-by-side view has the model's own answer to the last turn at once.
    await browser.run("document.getElementById('status').replaceChildren()")
    await browser.click("#beside")
    await browser.until(f"document.querySelectorAll('.columns.two .answer').length === 2 && {ANSWERED}")


async def errors(browser):
    """What goes wrong is said where it happened, and nothing is lost."""
    await begin(browser)
    browser.replies = {"/v1/chat/completions": (500, "application/json", json.dumps({"error": {"message": "It broke.", "code": None}}))}
    await browser.type("Where is Inga?")
    await browser.key("Enter")
    await browser.until("document.querySelector('.failure')")
    await browser.picture(folder / "error.png")
    assert "It broke." in await browser.text(".answer .failure") and await browser.text(".turn.user .text") == "Where is Inga?"
    # A stream that breaks off keeps what has come.
    piece = {"choices": [{"index": 0, "delta": {"content": "Half an"}, "finish_reason": None}]}
    browser.replies = {"/v1/chat/completions": (200, "text/event-stream", f"data: {json.dumps(piece)}\n\n")}
    await browser.press("Try again")
    await browser.until("document.querySelector('.failure')?.textContent.includes('early')")
    assert await browser.text(".answer .text") == "Half an"
    browser.replies = {}
    await browser.press("Try again")
    await browser.until(ANSWERED)
    assert await browser.count(".failure") == 0
    assert await browser.text(".versions span") == "2/2", "what had come of the answer is lost"
    # A server that is gone is waited for.
    browser.replies = {"/v1/": ConnectionError}
    await browser.run("document.querySelector('#message textarea').focus()")
    await browser.type("Are you there?")
    await browser.key("Enter")
    await browser.until("!document.getElementById('connection').hidden && document.querySelector('.failure')")
    assert "can't be reached" in await browser.text(".failure") and "can't be reached" in await browser.text("#connection")
    browser.replies = {}
    await browser.until("document.getElementById('connection').hidden")
    await browser.press("Try again")
    await browser.until("document.getElementById('stop').hidden && !document.querySelector('.failure')")
    browser.problems = [problem for problem in browser.problems if "500" not in problem and "CONNECTION_REFUSED" not in problem]


def event(content="", finish=None, **agd):
    return "data: " + json.dumps({"choices": [{"index": 0, "delta": {"content": content}, "finish_reason": finish, "agd": agd}]}) + "\n\n"


async def sources(browser):
    """Sentences have footnotes that light up their passage, where the server tells sources; what the model says stays text."""
    await begin(browser)
    await browser.run("(async () => { const { app, changed } = await import('/page/app.js'); app.abilities.sources = true; changed('model'); })()")
    await browser.run("document.getElementById('sources').click()")
    question = "Bees dance 😀. Honey is sweet. What do bees do?"
    at = question.index("Honey")
    report = [{"start": 0, "end": 7, "text": "<b>Oh.", "grounded": None, "shares": [{"source": "message:0", "share": 0.9, "passages": [{"start": at, "end": at + 15, "share": 0.7}]}]}]
    browser.replies = {"/v1/chat/completions": (200, "text/event-stream", event("<b>Oh. <img src=x onerror=alert(1)>") + event(sources=report) + event(finish="stop") + "data: [DONE]\n\n")}
    await say(browser, question)
    assert browser.requests[-1][1]["agd"]["sources"] == "sentence"
    browser.replies = {}
    assert await browser.count(".answer .text b, .answer .text img") == 0
    assert (await browser.text(".answer .text")).startswith("<b>Oh.1")
    await browser.run("document.querySelector('.answer .footnote button').focus()")
    assert await browser.text(".lit") == "Honey is sweet.", await browser.text(".lit")
    assert await browser.run("document.activeElement.matches('.footnote button')"), "the footnote lost the focus"
    assert "Honey is sweet." in await browser.text(".footnotes") and "You, 70\u00a0%" in await browser.text(".footnotes")


async def trust(browser):
    """A document that is untrusted has its share told in a sentence, and is limited; words are kept out; all of it is there after a reload."""
    await begin(browser)
    await drop(browser, "😀 Inga has a red bicycle.", "page.txt")
    await browser.until("document.querySelector('#draft-documents .document')")
    await browser.press("Untrusted")
    assert await browser.text("#draft-documents .hint") == " 6 words · untrusted"
    await say(browser, "What does Inga have?")
    sent = browser.requests[-1][1]
    [document], content = sent["documents"], sent["messages"][document_of(sent)]["content"]
    assert document["agd_trust"] == "untrusted" and content[slice(*document["characters"])] == "😀 Inga has a red bicycle.", sent
    assert sent["agd"]["sources"] == "sentence" and "trust" not in sent["agd"] and "avoid" not in sent["agd"]
    assert "rests on untrusted documents" in await browser.text(".line.trust"), await browser.text(".after")
    answer = await browser.text(".answer .text")
    await browser.picture(folder / "untrusted.png")

    # What exceeds the limit is told, then withheld.
    await set_field(browser, "trust-limit", 0)
    await again(browser)
    assert (await browser.text(".advice.trust")).startswith("Trust: Careful: ") and "more than 0 %" in await browser.text(".advice.trust")
    assert await browser.text(".answer .text") == answer
    await set_field(browser, "trust-action", "refuse")
    await again(browser)
    assert browser.requests[-1][1]["agd"]["trust"] == {"limit": 0, "action": "refuse"}
    assert (await browser.text(".advice.trust")).startswith("Trust: Withheld: ") and await browser.text(".answer .text") == ""
    await browser.run("document.getElementById('settings').open = true")
    await browser.picture(folder / "withheld.png")
    await browser.open(base_url + "/")
    await browser.until("document.querySelector('.advice.trust')")
    await browser.until("[...document.querySelectorAll('.document button')].some(b => b.textContent === 'Untrusted')")
    assert "untrusted" in await browser.text(".document .hint") and await browser.run("document.getElementById('trust-action').value") == "refuse"

    # A word that the answer would have is kept out.
    await set_field(browser, "trust-limit", "")
    word = max(re.findall("[A-Za-z]+", answer), key=len)
    await set_field(browser, "avoid", f"{word}, zebra*")
    await again(browser)
    assert browser.requests[-1][1]["agd"]["avoid"] == [word, "zebra*"]
    avoiding = await browser.text(".answer .text")
    assert not re.search(rf"\b{word}\b", avoiding, re.IGNORECASE), (word, avoiding)
    assert "Words to avoid were kept out" in await browser.text(".after"), await browser.text(".after")
    # Beside it stands what the model says by itself, with the word.
    assert await browser.count(".columns.two") == 0
    await browser.press("Beside greedy")
    await browser.until("document.querySelectorAll('.columns.two .answer').length === 2 && document.getElementById('stop').hidden")
    assert await browser.text(".answer.greedy .text") == answer and await browser.text(".answer .strategy") == "Words kept out"
    await set_field(browser, "avoid", "")


def document_of(sent):
    return sent["documents"][0]["message"]


async def set_field(browser, name, value):
    await browser.run(f"(() => {{ const i = document.getElementById({name!r}); i.value = {value!r}; i.dispatchEvent(new Event('change')); }})()")


async def again(browser):
    await browser.run("document.getElementById('status').replaceChildren()")
    await browser.press("Again")
    await browser.until(ANSWERED)


async def kept(browser):
    """Conversations are there after a reload, in a file, and after they were deleted by mistake."""
    await begin(browser)
    await say(browser, "What do you know about Inga?")
    texts = "[...document.querySelectorAll('#turns .text')].map(t => t.textContent)"
    before = await browser.run(texts)
    count = await browser.count("#conversations-list .open")
    await browser.open(base_url + "/")
    await browser.until("document.getElementById('model').textContent")
    assert await browser.run(texts) == before and await browser.count("#conversations-list .open") == count
    await browser.run("(async () => { const [store, { app }] = await Promise.all([import('/page/store.js'), import('/page/app.js')]); const data = new DataTransfer();"
                      " data.items.add(new File([store.exported([app.conversation])], 'saved.json', { type: 'application/json' }));"
                      " dispatchEvent(new DragEvent('drop', { dataTransfer: data, bubbles: true, cancelable: true })); })()")
    await browser.until(f"document.querySelectorAll('#conversations-list .open').length === {count + 1}")
    assert await browser.run(texts) == before
    await browser.click("#conversations-list li:has([aria-current]) .quiet")
    await browser.until(f"document.querySelectorAll('#conversations-list .open').length === {count}")
    await browser.press("Undo")
    assert await browser.run(texts) == before
    link = await browser.run("(async () => { const [store, { app }] = await Promise.all([import('/page/store.js'), import('/page/app.js')]); return store.linkOf(app.conversation); })()")
    await browser.open(f"{base_url}/#{link}")
    await browser.until("document.querySelector('#turns .text')")
    assert await browser.run(texts) == before


async def base_model(browser):
    """A model without a chat template gets a text to continue."""
    model = {"id": "base", "architecture": "llama", "context_length": 512, "vocabulary_size": 512, "has_chat_template": False}
    browser.replies = {"/v1/models": (200, "application/json", json.dumps({"data": [model]}))}
    await browser.open(base_url + "/")
    await browser.until("document.getElementById('model').textContent")
    await begin_text(browser)
    await browser.type("The cat sat on the mat. The cat")
    await browser.run("document.activeElement.setSelectionRange(4, 7)")
    await browser.press("Mark", "document.querySelector('.text-turn')")
    await prefer(browser, "always")
    await browser.click("#send")
    await browser.until(ANSWERED)
    path, sent = browser.requests[-1]
    assert path.endswith("/v1/completions") and sent["agd"]["roi"][0]["tokens"], sent
    assert "guided 100 %" in await browser.text(".answer .line")
    await browser.picture(folder / "base-model.png")
    answer = await browser.text(".answer .text")
    await browser.run("document.getElementById('status').replaceChildren()")
    await browser.click("#send")
    await browser.until(ANSWERED)
    assert await browser.run("document.querySelector('.text-turn textarea').value") == "The cat sat on the mat. The cat" + answer
    assert await browser.text("#marks q") == "cat"
    browser.replies = {}


async def begin_text(browser):
    await browser.press("New conversation")
    await browser.run("(() => { const i = document.getElementById('max-tokens'); i.value = 12; i.dispatchEvent(new Event('change')); })()")
    await browser.run("document.querySelector('.text-turn textarea').focus()")


async def key(browser):
    """A server that wants a key is given one, which is not stored."""
    browser.replies = {"/v1/models": (401, "application/json", json.dumps({"error": {"message": "No.", "code": "invalid_api_key"}}))}
    await browser.open(base_url + "/")
    await browser.until("document.getElementById('api-key')")
    browser.replies = {}
    await browser.run("document.getElementById('api-key').focus()")
    await browser.type("secret")
    await browser.key("Enter")
    await browser.until("document.getElementById('model').textContent && document.getElementById('connection').hidden")
    assert not await browser.run("JSON.stringify([localStorage, sessionStorage]).includes('secret')")
    browser.problems = [problem for problem in browser.problems if "401" not in problem]


async def everywhere(browser):
    """On a phone nothing sticks out, and every control has a name."""
    await browser.open(base_url + "/")
    await browser.until("document.getElementById('model').textContent")
    for dark in (False, True):
        for panel in ("", "guidance", "conversations"):
            await browser.look(375, dark, phone=True, height=812)
            await browser.run(f"document.body.dataset.panel = {panel!r}")
            overflow = await browser.run("document.documentElement.scrollWidth - innerWidth")
            assert overflow <= 0, f"the page is {overflow} pixels wider than a phone"
            outside = await browser.run("[...document.querySelectorAll('header *, main *, aside *')].filter(e => e.checkVisibility({ visibilityProperty: true }) && !e.closest('.offscreen, pre, .table')"
                                        " && (e.getBoundingClientRect().right > innerWidth + 0.5 || e.getBoundingClientRect().left < -0.5)).map(e => e.outerHTML.slice(0, 80))")
            assert not outside, f"beyond the edge: {outside}"
            await browser.picture(folder / f"phone-{panel or 'chat'}-{'dark' if dark else 'light'}.png")
    await browser.run("document.body.dataset.panel = ''")
    unnamed = await browser.run("[...document.querySelectorAll('button, input, select, textarea')].filter(e =>"
                                " !(e.ariaLabel || e.textContent.trim() || e.labels?.length)).map(e => e.outerHTML)")
    assert not unnamed, f"without a name for screen readers: {unnamed}"
    ids = await browser.run("(() => { const all = [...document.querySelectorAll('[id]')].map(e => e.id); return all.filter((id, at) => all.indexOf(id) !== at); })()")
    assert not ids, f"twice the same id: {ids}"


async def main():
    async with chromium() as browser:
        await browser.look(1280)
        await browser.open(base_url + "/")
        await browser.until("document.getElementById('model').textContent")
        assert await browser.count(".example:enabled") >= 3
        await browser.picture(folder / "empty.png")
        for scene in (keyboard_alone, turns, advice, documents, errors, sources, trust, kept, base_model, key, everywhere):
            try:
                await scene(browser)
                assert not browser.problems, browser.problems
            except BaseException:
                await browser.picture(folder / "failed.png")
                print("in:", scene.__doc__)
                raise
    print("ok")


asyncio.run(main())
