// What stands below each answer: what it rests on, how it was made, what changed since, and what might be asked next.
// `below` comes from page/reply.py: id: the message's, at: when this was so, look: how the answer turned out ("answered",
// "unsure", "not_found"), or "writing" until that is known, reading: what happens while the model has said nothing yet,
// note: text, label and quotes: text and Markdown of what the documents say, where that isn't the answer itself,
// sources: the cards of page/view.py, cited: [number], spots: where the links of the model's words lead, in order
// ({number, quote, lacks}), quoted: the same for those of the quotes ([text]), isQuoted: whether the message itself is
// made of the quotes, isUncited: whether it cites nothing, searchedFor: text, searchedIn: text, notices: [text],
// madeBy: text, model, host, by: the model's name, where it runs if that is elsewhere, and both in words, firstWord: text,
// insist: what asks the model all the same, why: how the answer came about, every: what puts the question to
// every document, exports: the table of every document as text by its file's ending, written: all the text there is as it
// was written, which page.js copies; beside: the id of the first answer to the same question, another: what asks another
// model as well, parent: the run that the answer stands in, kept: whether it is the kept one of two. Once the answer is complete, page/afterwards.py adds question, changes: [{number,
// source, kind, parts}], topics: [text].
import { giveAddress } from '../conversations.js';
import { makePair } from './beside.js';
import { describeSpot, hideBubble, showBubble } from './bubble.js';
import { LINKS, findWords, underline } from './lacking.js';
import { keep, makeUseLatest } from './latest.js';
const { say } = window.pagewise;

const numberOf = (link) => Number(link.hash.slice('#pw-'.length));

// One entry for each document, with all its places.
const byDocument = (items) => {
  const found = new Map();
  for (const item of items) found.set(item.url, [...(found.get(item.url) ?? []), item]);
  return [...found.values()];
};

const save = (text, ending) => {
  const link = document.createElement('a');
  link.href = URL.createObjectURL(new Blob([text], { type: ending === 'csv' ? 'text/csv' : 'text/markdown' }));
  link.download = `every-document.${ending}`;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href));
};

// When the wait for each answer began; what draws it may be made anew meanwhile.
const began = new Map();
const countSeconds = (id) => {
  if (!began.has(id)) began.set(id, performance.now());
  return Math.floor((performance.now() - began.get(id)) / 1000);
};

// The component, made of the libraries that Chainlit has on its page.
export const makeBelow = (libraries) => {
  const { React, useSide, useThreadId, useChatData, useChatInteract, useConfig, Markdown } = libraries;
  const { createElement: h, useEffect, useLayoutEffect, useReducer, useRef } = React;

  const useLatest = makeUseLatest(React);
  const { usePair, Another, Choice } = makePair({ React, useChatData });

  const Reading = ({ id, text }) => {
    const [, redraw] = useReducer((count) => count + 1, 0);
    useEffect(() => {
      const timer = setInterval(redraw, 500);
      return () => clearInterval(timer);
    }, []);
    const seconds = countSeconds(id);
    return h('p', { className: 'pw-reading' },
      h('span', { role: 'status' }, text),
      seconds >= 1 && h('span', { className: 'pw-seconds' }, say('answer.seconds', { seconds })));
  };

  // A button that sends a message of the reader's. Its answer comes below, so one press is enough.
  const Ask = ({ className = 'pw-insist', text, metadata, onAsked, children }) => {
    const { disabled } = useChatData();
    const { sendMessage } = useChatInteract();
    const ask = () => {
      onAsked?.();
      sendMessage({ threadId: '', name: 'reader', type: 'user_message', output: text, metadata });
      document.getElementById('chat-input')?.focus();
    };
    return h('button', { type: 'button', className, disabled, onClick: ask }, children);
  };
  const AskAgain = ({ below, name, label, className }) => {
    const insist = below[name];
    const onAsked = () => keep({ ...below, [name]: null, at: below.at + 0.001 });
    return insist && h(Ask, { className, text: insist.text, metadata: { insist }, onAsked }, label);
  };

  // On demand: which passages were found and how well they fit, and what the verdict rests on.
  const Why = ({ why, open }) => h('details', { className: 'pw-why' },
    h('summary', null, say('answer.why')),
    why.said.map((text) => h('p', { key: text }, text)),
    h('ol', null, why.passages.map((one) => h('li', { key: one.number },
      h('button', { type: 'button', onClick: () => open(one.number) }, [one.source, one.place].filter(Boolean).join(', ')),
      h('span', { className: 'pw-fit' },
        [...one.fit, one.isGiven && say('answer.given'), one.isCited && say('answer.cited')].filter(Boolean).join(' · '))))));

  const Document = ({ items, open }) => h('li', { className: 'pw-document' }, items.map((item, place) =>
    h('button', { key: item.number, type: 'button', onClick: () => open(item.number), title: say('answer.show') },
      h('span', { className: 'pw-number' }, item.number),
      h('span', { className: `pw-source${place ? ' pw-unseen' : ''}` }, item.source),
      item.place && h('span', { className: 'pw-place' }, item.place))));

  const TAGS = { same: 'span', old: 'del', new: 'ins' };
  const Changes = ({ changes }) => h('section', { className: 'pw-changes', role: 'note' },
    h('p', null, say('changed.since')),
    h('ul', null, changes.map(({ number, source, kind, parts }) => h('li', { key: number },
      h('span', null, `[${number}] ${source}: ${say(`changed.${kind}`)}`),
      h('blockquote', null, parts.map(([part, text], place) => h(TAGS[part], { key: place }, text)))))));

  const Next = ({ below, question, topics, isOneOfTwo }) => h('div', { className: 'pw-next' },
    question && h(Ask, { className: 'pw-again', text: question }, say('again')),
    h(AskAgain, { below, name: 'every', label: say('answer.every'), className: '' }),
    !isOneOfTwo && h(Another, { below }),
    h('span', { className: 'pw-topics' }, topics.map((topic) =>
      h(Ask, { key: topic, className: '', text: say('topic.question', { topic }) }, topic))));

  const Notice = ({ children }) => h('p', { className: 'pw-notice', role: 'note' }, children);

  return function Below({ given }) {
    const below = useLatest(given);
    const { id, look, reading, note, label, quotes, sources, cited, notices, madeBy, firstWord, written, exports, why } = below;
    const { spots = [], quoted = [], isQuoted, isUncited, searchedFor, searchedIn, changes, topics, question, choices = [] } = below;
    const root = useRef(null);
    const pair = usePair(below, root);
    const threadId = useThreadId();
    const { config } = useConfig();
    useEffect(() => void (config?.dataPersistence && giveAddress(threadId)), [threadId, config]);
    const [side, setSide] = useSide();

    const open = (item, spot) => {
      const key = `${id}-${item.number}`;
      const title = `[${item.number}] ${[item.source, item.place].filter(Boolean).join(', ')}`;
      const reader = item.reader + (spot?.quote ? `&quote=${encodeURIComponent(spot.quote.slice(0, 1500))}` : '');
      const passage = { reader, source: item.source, place: item.place, said: describeSpot(spot) };
      const element = { id: `${key}-${spot?.place ?? ''}`, type: 'custom', name: 'Passage', display: 'side', props: passage };
      hideBubble();
      setSide({ key, title, elements: [element] });
    };
    const itemOf = (number) => sources.find((item) => item.number === number);
    const spotOf = (number) => spots.find((spot) => spot.number === number && spot.quote) ?? { quote: itemOf(number)?.quote };
    const openNumber = (number) => open(itemOf(number), spotOf(number));

    // The links in this answer's own text, as page/markdown.py makes them: the n-th of the words leads to the n-th spot.
    const findLinks = (answer) => {
      const all = [...answer.querySelectorAll(LINKS)];
      const below = all.filter((link) => link.closest('.pw-quotes'));
      return { words: all.filter((link) => !link.closest('.pw-below')), below };
    };
    const targetOf = (answer, link) => {
      const item = itemOf(numberOf(link));
      const { words, below } = findLinks(answer);
      const place = words.includes(link) ? words.indexOf(link) : below.indexOf(link);
      const isQuote = isQuoted || below.includes(link);
      const known = isQuote ? { quote: quoted[place] } : spots[place]?.number === item?.number ? spots[place] : { quote: item?.quote };
      return item && { item, spot: { ...known, place } };
    };
    useLayoutEffect(() => {
      const answer = root.current.closest('.step');
      const linkOf = (event) => event.target.closest?.(LINKS);
      const onClick = (event) => {
        const target = linkOf(event) && targetOf(answer, linkOf(event));
        if (!target) return;
        event.preventDefault();
        open(target.item, target.spot);
      };
      const onPoint = (event) => {
        const target = linkOf(event) && targetOf(answer, linkOf(event));
        if (target) showBubble(linkOf(event), target);
      };
      const onLeave = (event) => linkOf(event) && hideBubble();
      const events = { click: onClick, mouseover: onPoint, focusin: onPoint, mouseout: onLeave, focusout: onLeave };
      for (const [name, act] of Object.entries(events)) answer.addEventListener(name, act);
      document.addEventListener('scroll', hideBubble, { capture: true, passive: true });
      return () => {
        for (const [name, act] of Object.entries(events)) answer.removeEventListener(name, act);
        document.removeEventListener('scroll', hideBubble, { capture: true });
      };
    }, [sources, spots]);

    useEffect(() => {
      if (!spots.length) return undefined;
      const answer = root.current.closest('.step');
      const mark = () => {
        const { words } = findLinks(answer);
        underline(id, words.flatMap((link, place) => (spots[place]?.lacks.length ? findWords(link, spots[place].lacks) : [])));
      };
      mark();
      const watch = new MutationObserver(mark); // the text may be drawn once more
      watch.observe(answer, { childList: true, subtree: true, characterData: true });
      return () => {
        watch.disconnect();
        underline(id, []);
      };
    }, [spots]);

    // Chainlit closes the side panel when an element comes; what the reader opened meanwhile stays open.
    useEffect(() => {
      if (sources.some(({ number }) => side?.key === `${id}-${number}`)) setTimeout(() => setSide(side));
    }, [sources]);

    const shown = sources.filter(({ number }) => cited.includes(number));
    return h('div', { ref: root, className: 'pw-below', 'data-look': look, 'data-written': written },
      reading && h(Reading, { id, text: reading }),
      note && h('p', { className: 'pw-note', role: 'note' }, note),
      choices.length > 0 && h('div', { className: 'pw-choices', role: 'group', 'aria-label': note }, choices.map(({ label, ask }) =>
        h(Ask, { key: label, text: ask.text, metadata: { insist: ask } }, label))),
      quotes && h('section', { className: 'pw-quotes', 'aria-label': say('answer.passages') },
        label && h('p', { className: 'pw-label' }, label),
        h('blockquote', null, h(Markdown, { latex: true }, quotes))),
      h('div', { className: 'pw-sources' },
        searchedFor && h('p', { className: 'pw-searched-for' }, say('answer.searched.for', { question: searchedFor })),
        searchedIn && h('p', { className: 'pw-searched-in' }, say('answer.searched.in', { documents: searchedIn })),
        isUncited && h(Notice, null, say('answer.uncited')),
        notices.map((text) => h(Notice, { key: text }, text)),
        shown.length > 0 && h('ul', { 'aria-label': say('answer.sources') },
          byDocument(shown).map((items) => h(Document, { key: items[0].url, items, open: openNumber }))),
        h(AskAgain, { below, name: 'insist', label: say('answer.insist') }),
        exports && Object.entries(exports).map(([ending, text]) =>
          h('button', { key: ending, type: 'button', className: 'pw-insist', onClick: () => save(text, ending) },
            say(`answer.save.${ending}`))),
        madeBy && h('p', { className: 'pw-made-by' }, [madeBy, pair && firstWord].filter(Boolean).join(' · ')),
        why && h(Why, { why, open: openNumber }),
        pair && h(Choice, { below, pair })),
      topics && h('div', { className: 'pw-afterwards' },
        changes.length > 0 && h(Changes, { changes }),
        (!pair || pair.second === id) && h(Next, { below, question, topics, isOneOfTwo: Boolean(pair) })));
  };
};
