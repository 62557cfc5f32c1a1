"""What the page's modules promise by themselves, in a real browser. Usage: page_modules.py BASE_URL"""
import asyncio
import sys

from browser import chromium

# Each is a JavaScript expression that gives a list of what is wrong.
MARKS = """(async () => {
  const { edited, adding, occurrences, characters } = await import('/page/marks.js');
  const wrong = [];
  const equal = (a, b, what) => { if (JSON.stringify(a) !== JSON.stringify(b)) wrong.push([what, a, b]); };
  const one = (before, [start, end], after) => edited([{ id: 'm', turn: 't', start, end, weight: 1 }], before, after).map((m) => after.slice(m.start, m.end));
  equal(one('say it in French', [10, 16], 'please say it in French'), ['French'], 'text put before a mark moves it');
  equal(one('in French now', [3, 9], 'in French, and soon'), ['French'], 'text put behind a mark leaves it');
  equal(one('in French now', [3, 9], 'in old French now'), ['French'], 'a word put at its start is not marked');
  equal(one('in French now', [3, 9], 'in Fresh now'), ['Fresh'], 'a mark that is edited inside follows');
  equal(one('in French now', [3, 9], 'in now'), [], 'a mark whose text is gone goes');
  equal(one('in French now', [3, 9], 'in German now'), ['German'], 'a mark whose text is replaced holds what is there now');
  equal(one('in French now', [3, 9], 'in Frenchmen now'), ['Frenchmen'], 'a mark whose last word goes on grows');
  equal(one('ab cd ef', [3, 5], 'ab'), [], 'a mark within a larger cut goes');
  equal(one('ab cd ef', [1, 5], 'ab xy'), ['b '], 'an edit over its end leaves the rest');
  equal(one('ab cd ef', [4, 8], 'xy ef'), [' ef'], 'an edit over its beginning leaves the rest');
  equal(one('a 😀 b', [5, 6], 'aa 😀 b'), ['b'], 'characters of two units count as two');
  // Whatever is edited elsewhere, a marked text stays what it was.
  let seed = 1;
  const random = (n) => { seed = (seed * 1103515245 + 12345) & 0x7fffffff; return seed % n; };
  const word = (n) => Array.from({ length: n }, () => 'abc '[random(4)]).join('');
  for (let round = 0; round < 2000; round++) {
    const [left, marked, right, fresh] = [word(random(8)), '<' + word(1 + random(5)) + '>', word(random(8)), word(random(6))];
    const at = random(left.length + 1), cut = random(left.length - at + 1);
    const after = left.slice(0, at) + fresh + left.slice(at + cut) + marked + right;
    const [mark] = edited([{ start: left.length, end: left.length + marked.length, weight: 1 }], left + marked + right, after);
    equal(mark && after.slice(mark.start, mark.end), marked, `${left}|${after}`);
  }
  const spans = (marks) => marks.map((m) => [m.start, m.end, m.weight]).sort((a, b) => a[0] - b[0]);
  equal(spans(adding([{ id: 'm', turn: 't', start: 2, end: 9, weight: 1 }], { turn: 't', start: 4, end: 6, weight: -1 })), [[2, 4, 1], [4, 6, -1], [6, 9, 1]], 'marks do not overlap');
  equal(spans(adding([{ id: 'm', turn: 't', start: 2, end: 9, weight: 1 }], { turn: 'u', start: 4, end: 6, weight: -1 })), [[2, 9, 1], [4, 6, -1]], 'places do not meddle');
  equal(occurrences('banana', 'an'), [1, 3], 'occurrences');
  equal([characters('a😀b', 1), characters('a😀b', 3), characters('a😀b', 4)], [1, 2, 3], 'characters are Unicode scalars');
  return wrong;
})()"""

MARKDOWN = """(async () => {
  const [{ markdown }, { pieces }] = await Promise.all([import('/page/markdown.js'), import('/page/layers.js')]);
  const wrong = [];
  const show = (source) => { const box = document.createElement('div'); box.append(...markdown(source, (start, end) => pieces(source, start, end, []))); return box; };
  const outline = (node) => [...node.childNodes].map((n) => n.nodeType === 3 ? n.data : `<${n.localName}>${outline(n)}</${n.localName}>`).join('');
  const is = (source, expected) => { const found = outline(show(source)); if (found !== expected) wrong.push([source, found, expected]); };
  is('plain', '<p>plain</p>');
  is('one\\ntwo\\n\\nthree', '<p>one\\ntwo</p><p>three</p>');
  is('# Title #', '<h3>Title</h3>');
  is('*a* **b** ***c*** ~~d~~ `e`', '<p><em>a</em> <strong>b</strong> <strong><em>c</em></strong> <del>d</del> <code>e</code></p>');
  is('snake_case_name and 2 * 3 * 4', '<p>snake_case_name and 2 * 3 * 4</p>');
  is('\\\\*not\\\\* *open', '<p>*not* *open</p>');
  is('`*code* <b>`', '<p><code>*code* <b></code></p>');
  is('- a\\n- b\\n  - c', '<ul><li><span>a</span></li><li><span>b</span><ul><li><span>c</span></li></ul></li></ul>');
  is('3. a\\n4. b', '<ol><li><span>a</span></li><li><span>b</span></li></ol>');
  is('> a\\n> b', '<blockquote><p>a\\nb</p></blockquote>');
  is('```js\\nlet a = "<b>";\\n```', '<div><div><span>js</span><button>Copy code</button></div><pre><code>let a = "<b>";</code></pre></div>');
  is('```\\nopen', '<div><div><span>code</span><button>Copy code</button></div><pre><code>open</code></pre></div>');
  is('| a | b |\\n|---|--:|\\n| 1 | **2** |', '<div><table><thead><tr><th>a</th><th>b</th></tr></thead><tbody><tr><td>1</td><td><strong>2</strong></td></tr></tbody></table></div>');
  is('---', '<hr></hr>');
  is('<script>alert(1)</script> <img src=x onerror=alert(1)>', '<p><script>alert(1)</script> <img src=x onerror=alert(1)></p>');
  is('[bad](javascript:alert(1)) [bad](data:text/html,x)', '<p>[bad](javascript:alert(1)) [bad](data:text/html,x)</p>');
  is('[good](https://a.example/b_(c)) ![picture](https://a.example/p.png)', '<p><a>good</a> <a>picture</a></p>');
  is('see https://a.example/x_y_z.', '<p>see <a>https://a.example/x_y_z</a>.</p>');
  // Whatever comes, only these elements are made, links lead to the web, and all text is the source's.
  const allowed = new Set('P H3 H4 H5 H6 EM STRONG DEL CODE PRE A UL OL LI SPAN BLOCKQUOTE HR DIV BUTTON TABLE THEAD TBODY TR TH TD'.split(' '));
  const parts = ['*', '**', '_', '~~', '`', '```', '\\n', '\\n\\n', '# ', '> ', '- ', '1. ', '|', '|--|', '[', '](', ')', '!', '\\\\', 'a', 'word ', '<b>', '<img onerror=x>', 'https://x.example ', 'javascript:', '  ', '    ', '😀', '&lt;', '---'];
  let seed = 7;
  const random = (n) => { seed = (seed * 1103515245 + 12345) & 0x7fffffff; return (seed >> 8) % n; };
  for (let round = 0; round < 1500; round++) {
    const source = Array.from({ length: 1 + random(40) }, () => parts[random(parts.length)]).join('');
    const box = show(source);
    for (const node of box.querySelectorAll('*')) {
      if (!allowed.has(node.tagName)) wrong.push([source, node.tagName]);
      if (node.href && !/^(https?|mailto):/.test(node.href)) wrong.push([source, node.href]);
      for (const { name } of node.attributes) if (name.startsWith('on') || name === 'src' || name === 'style') wrong.push([source, name]);
    }
    const walker = document.createTreeWalker(box, NodeFilter.SHOW_TEXT);
    for (let node = walker.nextNode(); node; node = walker.nextNode()) if (!node.parentElement.closest('.code-head') && !source.includes(node.data)) wrong.push([source, node.data]);
  }
  // A growing answer is drawn as it is drawn whole.
  const source = '# A\\n\\ntext *with* `code`\\n\\n- one\\n- two\\n\\n```\\nx\\n```\\n\\n| a | b |\\n|---|---|\\n| 1 | 2 |\\n\\nend';
  const kept = new Map();
  for (let end = 0; end <= source.length; end++) {
    const part = source.slice(0, end);
    const box = document.createElement('div');
    box.append(...markdown(part, (a, b) => pieces(part, a, b, []), kept));
    if (outline(box) !== outline(show(part))) wrong.push(['growing', part]);
  }
  // Long runs of what could begin something are no trap.
  for (const trap of ['*a '.repeat(20000), '['.repeat(20000), '`'.repeat(20000), '> '.repeat(5000), '- '.repeat(5000), '**'.repeat(20000), '|'.repeat(20000), '_a_'.repeat(20000)]) show(trap);
  return wrong;
})()"""

STORE = """(async () => {
  const [store, c] = await Promise.all([import('/page/store.js'), import('/page/conversation.js')]);
  const wrong = [];
  const conversation = c.newConversation();
  conversation.turns.push(c.newTurn('user', 'Grüße 😀', [c.newDocument('a.txt', 'text')]), { ...c.newAssistantTurn(), answers: [{ ...c.newAnswer('agd'), text: 'Hi.', finish: 'stop', tokens: [{ id: 1, text: 'H', entropy: 0.5 },
    { id: 2, text: 'i.', name: 'i. ', entropy: 1.5, guided: true, changed: true, greedy: 3, candidates: [{ id: 2, name: 'i. ', probability: 0.25, score: -1.5 }, { id: 3, name: '<b>', probability: 0.5, score: 2 }] }] }] });
  conversation.marks = [{ id: 'm', turn: conversation.turns[0].id, start: 0, end: 5, weight: -0.5 }];
  const [back] = store.imported(store.exported([conversation]));
  const plain = (value) => JSON.stringify([value.turns.map((turn) => [turn.role, turn.text, turn.documents, turn.answers?.map((answer) => [answer.text, answer.tokens.length])]), value.marks]);
  if (plain(back) !== plain(conversation)) wrong.push(['file', plain(back)]);
  store.write(conversation);
  const stored = store.read(conversation.id);
  for (const [what, value] of [['file', back], ['store', stored]])
    if (JSON.stringify(value.turns[1].answers[0].tokens.map((token) => Object.entries(token).sort())) !== JSON.stringify(conversation.turns[1].answers[0].tokens.map((token) => Object.entries(token).sort()))) wrong.push([what, JSON.stringify(value.turns[1])]);
  store.remove(conversation.id);
  const link = store.fromLink(store.linkOf(conversation));
  if (link.turns[0].text !== 'Grüße 😀' || link.marks.length !== 1) wrong.push(['link', plain(link)]);
  for (const text of ['{}', '[]', 'x', '{"format":"agd-conversations","conversations":[{}]}', '{"format":"agd-conversations","conversations":[{"turns":[{"role":"user"}]}]}', '{"format":"agd-conversations","conversations":[{"turns":[{"role":"assistant","answers":[null]}]}]}']) {
    try { store.imported(text); wrong.push(['accepted', text]); } catch {}
  }
  const odd = { turns: [{ role: 'user', text: 'a' }, { role: 'assistant', answers: [{ text: 'b', tokens: [{ text: 'c', entropy: 1 }], sources: [1], error: 'x', finish: null }], shown: 9 }], marks: [{ turn: 'none', start: 0, end: 1, weight: 1 }, { turn: 1 }] };
  const checked = c.checked(odd);
  if (checked.marks.length || checked.turns[1].shown || checked.turns[1].answers[0].tokens.length || checked.turns[1].answers[0].sources.length) wrong.push(['odd', JSON.stringify(checked)]);
  return wrong;
})()"""


REQUEST = """(async () => {
  const [{ completionRequest }, c] = await Promise.all([import('/page/request.js'), import('/page/conversation.js')]);
  const wrong = [];
  const equal = (a, b, what) => { if (JSON.stringify(a) !== JSON.stringify(b)) wrong.push([what, a, b]); };
  const conversation = c.newConversation();
  const system = c.newTurn('system', 'Be brief 😀. In French.');
  const note = c.newDocument('note', '😀 It rains.');
  const user = c.newTurn('user', 'What is the weather?', [note]);
  conversation.turns.push(system, user);
  const mark = (turn, document, text, sought, weight) => ({ id: sought, turn: turn.id, ...(document ? { document: document.id } : {}), start: text.indexOf(sought), end: text.indexOf(sought) + sought.length, weight });
  conversation.marks = [mark(system, null, system.text, 'In French.', 1), mark(user, note, note.text, 'It rains.', -0.5), mark(user, null, user.text, 'What', 0), { ...mark(user, null, user.text, 'is', 1), turn: 'later' }];
  const { path, body } = await completionRequest(conversation, conversation.turns, 'agd', {});
  equal(path, 'v1/chat/completions', 'path');
  equal(body.messages.map((m) => m.role), ['system', 'user'], 'roles');
  equal(body.agd.roi.map((r) => [Array.from(body.messages[r.message].content).slice(...r.characters).join(''), r.weight]), [['In French.', 1], ['It rains.', -0.5]], 'regions are told in Unicode characters of what is sent');
  equal(['strategy' in body.agd, 'score' in body.agd], [false, false], 'what is not set is left to the server');
  conversation.settings = { score: 'excess' };
  conversation.templateWeight = 0.5;
  const { body: own } = await completionRequest(conversation, conversation.turns, 'agd', { continues: true, sources: true });
  equal([own.agd.strategy, own.agd.score, own.agd.roi[2], own.agd.sources, own.continue_final_message], ['agd', 'excess', 'template=0.5', 'sentence', true], 'own settings');
  const { body: greedy } = await completionRequest(conversation, conversation.turns, 'greedy', {});
  equal(greedy.agd, { strategy: 'greedy', trace: true }, 'greedy has no region');
  equal([greedy.documents, own.documents.map((d) => [Array.from(own.messages[d.message].content).slice(...d.characters).join(''), d.title, 'agd_trust' in d])], [undefined, [['😀 It rains.', 'note', false]]], 'where sources are told, documents are told apart');
  note.untrusted = true;
  conversation.settings = { trust_limit: 0.5, trust_action: 'refuse' };
  const { body: limited } = await completionRequest(conversation, conversation.turns, 'greedy', { avoid: 'tea*,  iced coffee\\n,', sources: true });
  equal([limited.agd.avoid, limited.agd.trust, limited.documents[0].agd_trust], [['tea*', 'iced coffee'], { limit: 0.5, action: 'refuse' }, 'untrusted'], 'avoided words and limits');
  const { body: before } = await completionRequest(conversation, [system], 'greedy', { sources: true });
  equal(['trust' in before.agd, 'documents' in before], [false, false], 'no limit where nothing is untrusted yet');
  return wrong;
})()"""


SOURCES = """(async () => {
  const { footnotesFrom, footnoteRanges, trustFrom } = await import('/page/sources.js');
  const { messagesUpTo } = await import('/page/request.js');
  const c = await import('/page/conversation.js');
  const wrong = [];
  const equal = (a, b, what) => { if (JSON.stringify(a) !== JSON.stringify(b)) wrong.push([what, a, b]); };
  const conversation = c.newConversation();
  conversation.turns.push(c.newTurn('user', 'Who? 😀 When?', [c.newDocument('note', '😀 It opens. Maria runs it.')]));
  const sent = messagesUpTo(conversation, conversation.turns);
  const { content } = sent.messages[0];
  const passage = (text, share) => { const start = Array.from(content.slice(0, content.indexOf(text))).length; return { start, end: start + Array.from(text).length, share }; };
  const shares = [{ source: 'template', share: 0.1, passages: [] }, { source: 'message:0', share: 0.9, passages: [passage('Who? 😀 When?', 0.5), passage('Maria runs it.', 0.3), passage('😀 It opens.', 0.05)] }];
  const answer = { text: '😀 Maria.  ', sources: footnotesFrom([{ start: 0, end: 9, shares }], '😀 Maria.  ', sent) };
  equal(answer.sources[0].notes.map((note) => [note.text, note.document === undefined]), [['Who? 😀 When?', true], ['Maria runs it.', false]], 'a passage is found in its own place only, and small shares are left out');
  equal(answer.sources[0].notes.map((note) => (note.document ? conversation.turns[0].documents[0].text : conversation.turns[0].text).slice(note.start, note.end)), ['Who? 😀 When?', 'Maria runs it.'], 'it is lit up where it stands');
  const document = conversation.turns[0].documents[0];
  const told = footnotesFrom([{ start: 0, end: 9, shares: [{ source: `document:${document.id}`, share: 0.6, passages: [{ start: 12, end: 26, share: 0.6 }] }] }], '😀 Maria.  ', sent);
  equal(told[0].notes, [{ turn: conversation.turns[0].id, document: document.id, start: 13, end: 27, text: 'Maria runs it.', share: 0.6 }], 'a document that was told apart has places of its own');
  equal([trustFrom([{ text: 'A. ', untrusted: 0.2 }, { text: 'B.', untrusted: 0.7 }], { reason: 'r', refused: false }), trustFrom([{ text: 'A.' }], null)], [{ largest: 0.7, sentence: 'B.', reason: 'r' }, null], 'the untrusted share');
  equal(footnoteRanges(answer).map((range) => range.end), [9, 9], 'numbers stand behind the last letter of the sentence');
  return wrong;
})()"""


async def main():
    async with chromium() as browser:
        await browser.open(sys.argv[1] + "/")
        for name, script in (("marks", MARKS), ("markdown", MARKDOWN), ("store", STORE), ("request", REQUEST), ("sources", SOURCES)):
            wrong = await browser.run(script)
            assert wrong == [], f"{name}: {wrong[:5]}"
    print("ok")


asyncio.run(main())
