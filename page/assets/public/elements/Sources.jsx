// Below each answer: what it rests on, and how it was made. Its props come from `Reply` in page/reply.py:
// look: how the answer turned out ("answered", "unsure", "not_found"), or "writing" until that is known,
// reading: what happens while the model has said nothing yet, note: text, label and quotes: text and Markdown of what the
// documents say, where that isn't the answer itself, sources: the cards of page/view.py, cited: [number],
// spots: where the links of the model's words lead, in order ({number, quote, lacks}), quoted: the same for those of the
// quotes ([text]), isQuoted: whether the message itself is made of the quotes, isUncited: whether it cites nothing,
// searchedFor: text, searchedIn: text, notices: [text], madeBy: text, insist: what asks the model all the same,
// again: what asks the same once more, why: how the answer came about, every: what puts the question to every document,
// exports: the table of every document as text by its file's ending, written: all the text there is as it was written,
// which page.js copies.
import { useEffect, useLayoutEffect, useRef, useState } from 'react';
import { useRecoilState, useSetRecoilState } from 'recoil';
import { elementState, sideViewState, useChatData, useChatInteract } from '@chainlit/react-client';
import { Markdown } from '@/components/markdown';

const WORDS = {
  passages: 'From your documents',
  sources: 'Sources',
  uncited: 'This answer cites none of its passages.',
  unsaid: 'No sentence of this passage says this in these words.',
  lacks: (words) => `Not in the cited passage: ${words.join(', ')}.`,
  insist: 'Ask the model anyway',
  every: 'Ask every document',
  again: 'Ask again',
  show: 'Show the passage',
  why: 'Why this answer?',
  seconds: (count) => `${count} s so far`,
  given: 'read by the model',
  cited: 'cited',
};
const LINKS = 'a[href^="#pw-"]';
const numberOf = (link) => Number(link.hash.slice('#pw-'.length));

// The quote beside the pointer, or beside the link that has the focus; one for all answers.
const bubble = () => {
  let shown = document.getElementById('pw-bubble');
  if (!shown) {
    shown = document.createElement('div');
    shown.id = 'pw-bubble';
    shown.setAttribute('role', 'tooltip');
    document.body.append(shown);
  }
  return shown;
};
const hideBubble = () => document.getElementById('pw-bubble')?.remove();
const showBubble = (link, { item, spot }) => {
  const shown = bubble();
  const line = (className, text) => {
    const made = document.createElement('p');
    made.className = className;
    made.textContent = text;
    return made;
  };
  const said = describeSpot(spot);
  shown.replaceChildren(
    line('pw-bubble-source', [item.source, item.place].filter(Boolean).join(', ')),
    ...(spot?.quote ? [line('pw-bubble-quote', spot.quote.length > 400 ? `${spot.quote.slice(0, 400)} …` : spot.quote)] : []),
    ...(said ? [line('pw-bubble-said', said)] : []),
  );
  const place = link.getBoundingClientRect();
  const width = Math.min(420, window.innerWidth - 16);
  shown.style.width = `${width}px`;
  shown.style.left = `${Math.min(Math.max(8, place.left - 24), window.innerWidth - width - 8)}px`;
  const isBelow = place.top < shown.offsetHeight + 16;
  shown.style.top = `${isBelow ? place.bottom + 6 : place.top - shown.offsetHeight - 6}px`;
};
const describeSpot = (spot) => {
  if (!spot || spot.quote) return '';
  return spot.lacks?.length ? WORDS.lacks(spot.lacks) : WORDS.unsaid;
};

// Words of a sentence that its passage doesn't have are underlined without touching the text, which is React's.
const findWords = (link, words) => {
  const block = link.closest('p, li, td, th, h1, h2, h3, h4, [role="article"]');
  const walker = document.createTreeWalker(block, NodeFilter.SHOW_TEXT);
  const ranges = new Map();
  for (let node = walker.nextNode(); node; node = walker.nextNode()) {
    if (node.parentElement.closest(LINKS)) continue;
    if (link.compareDocumentPosition(node) & Node.DOCUMENT_POSITION_FOLLOWING) break;
    for (const word of words) {
      for (let at = node.data.indexOf(word); at >= 0; at = node.data.indexOf(word, at + 1)) {
        const around = `${node.data[at - 1] ?? ' '}${node.data[at + word.length] ?? ' '}`;
        if (/[\p{L}\p{N}]/u.test(around)) continue;
        const range = new Range();
        range.setStart(node, at);
        range.setEnd(node, at + word.length);
        ranges.set(word, range); // the last one before the link is its sentence's
      }
    }
  }
  return [...ranges.values()];
};
const underline = (id, ranges) => {
  if (!window.Highlight) return;
  const all = (window.pwLacking ??= new Map());
  all.set(id, ranges);
  CSS.highlights.set('pw-lacking', new Highlight(...[...all.values()].flat()));
};

// The same question again. Its answer comes below, so one press is enough; Chainlit makes this component anew at times,
// and keeps no more of it than its props.
const AskAgain = ({ insist, id, name, label }) => {
  const { disabled } = useChatData();
  const { sendMessage } = useChatInteract();
  const setElements = useSetRecoilState(elementState);

  const ask = () => {
    const use = (element) => (element.forId === id ? { ...element, props: { ...element.props, [name]: null } } : element);
    setElements((elements) => elements.map(use));
    sendMessage({ threadId: '', name: 'User', type: 'user_message', output: insist.text, metadata: { insist } });
    document.getElementById('chat-input')?.focus();
  };
  return (
    <button type="button" className="pw-insist" disabled={disabled} onClick={ask}>{label}</button>
  );
};

// How long it has taken so far; Chainlit makes this component anew at times, so the beginning is kept elsewhere.
const began = (id) => {
  const known = (window.pwBegan ??= new Map());
  if (!known.has(id)) known.set(id, performance.now());
  return known.get(id);
};
const Reading = ({ id, text }) => {
  const [now, setNow] = useState(performance.now());
  useEffect(() => {
    const timer = setInterval(() => setNow(performance.now()), 500);
    return () => clearInterval(timer);
  }, []);
  const seconds = Math.floor((now - began(id)) / 1000);
  return (
    <p className="pw-reading">
      <span role="status">{text}</span>
      {seconds >= 1 && <span className="pw-seconds">{WORDS.seconds(seconds)}</span>}
    </p>
  );
};

const Again = ({ again }) => {
  const { disabled } = useChatData();
  const { sendMessage } = useChatInteract();
  const ask = () => sendMessage({ threadId: '', name: 'User', type: 'user_message', output: again });
  return <button type="button" className="pw-insist" disabled={disabled} onClick={ask}>{WORDS.again}</button>;
};

// On demand: which passages were found and how well they fit, and what the verdict rests on.
const Why = ({ why, open }) => (
  <details className="pw-why">
    <summary>{WORDS.why}</summary>
    {why.said.map((text) => <p key={text}>{text}</p>)}
    <ol>
      {why.passages.map((one) => (
        <li key={one.number}>
          <button type="button" onClick={() => open(one.number)}>{[one.source, one.place].filter(Boolean).join(', ')}</button>
          <span className="pw-fit">{[...one.fit, one.isGiven && WORDS.given, one.isCited && WORDS.cited].filter(Boolean).join(' · ')}</span>
        </li>
      ))}
    </ol>
  </details>
);

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

export default function Sources() {
  const { look, reading, note, label, quotes, sources, cited, searchedFor, searchedIn, notices, madeBy, insist, written, every, exports } = props;
  const { spots = [], quoted = [], isQuoted, isUncited, again, why } = props;
  const root = useRef(null);
  const [side, setSide] = useRecoilState(sideViewState);

  const open = (item, spot) => {
    const key = `${props.id}-${item.number}`;
    const title = `[${item.number}] ${[item.source, item.place].filter(Boolean).join(', ')}`;
    const reader = item.reader + (spot?.quote ? `&quote=${encodeURIComponent(spot.quote.slice(0, 1500))}` : '');
    const passage = { reader, source: item.source, place: item.place, said: describeSpot(spot) };
    const id = `${key}-${spot?.place ?? ''}`;
    hideBubble();
    setSide({ key, title, elements: [{ id, type: 'custom', name: 'Passage', display: 'side', props: passage }] });
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
      underline(props.id, words.flatMap((link, place) => (spots[place]?.lacks.length ? findWords(link, spots[place].lacks) : [])));
    };
    mark();
    const watch = new MutationObserver(mark); // the text may be drawn once more
    watch.observe(answer, { childList: true, subtree: true, characterData: true });
    return () => {
      watch.disconnect();
      underline(props.id, []);
    };
  }, [spots]);

  // Chainlit closes the side panel whenever an element changes; what the reader opened meanwhile stays open.
  useEffect(() => {
    if (sources.some(({ number }) => side?.key === `${props.id}-${number}`)) setTimeout(() => setSide(side));
  }, [sources]);

  return (
    <div ref={root} className="pw-below" data-look={look} data-written={written}>
      {reading && <Reading id={props.id} text={reading} />}
      {note && <p className="pw-note" role="note">{note}</p>}
      {quotes && (
        <section className="pw-quotes" aria-label={WORDS.passages}>
          {label && <p className="pw-label">{label}</p>}
          <blockquote><Markdown latex>{quotes}</Markdown></blockquote>
        </section>
      )}
      <div className="pw-sources">
        {searchedFor && <p className="pw-searched-for">Searched for: {searchedFor}</p>}
        {searchedIn && <p className="pw-searched-in">Searched only {searchedIn}</p>}
        {isUncited && <p className="pw-notice" role="note">{WORDS.uncited}</p>}
        {notices.map((text) => (
          <p key={text} className="pw-notice" role="note">{text}</p>
        ))}
        {cited.length > 0 && (
          <ul aria-label={WORDS.sources}>
            {byDocument(sources.filter(({ number }) => cited.includes(number))).map((items) => (
              <li key={items[0].url} className="pw-document">
                {items.map((item, place) => (
                  <button key={item.number} type="button" onClick={() => openNumber(item.number)} title={WORDS.show}>
                    <span className="pw-number">{item.number}</span>
                    <span className={`pw-source${place ? ' pw-unseen' : ''}`}>{item.source}</span>
                    {item.place && <span className="pw-place">{item.place}</span>}
                  </button>
                ))}
              </li>
            ))}
          </ul>
        )}
        {insist && <AskAgain insist={insist} id={props.id} name="insist" label={WORDS.insist} />}
        {every && <AskAgain insist={every} id={props.id} name="every" label={WORDS.every} />}
        {again && <Again again={again} />}
        {exports && Object.entries(exports).map(([ending, text]) => (
          <button key={ending} type="button" className="pw-insist" onClick={() => save(text, ending)}>
            {ending === 'csv' ? 'Save as CSV' : 'Save as Markdown'}
          </button>
        ))}
        {madeBy && <p className="pw-made-by">{madeBy}</p>}
        {why && <Why why={why} open={openNumber} />}
      </div>
    </div>
  );
}
