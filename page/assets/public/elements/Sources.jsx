// Below each answer: what it rests on, and how it was made. Its props come from `Reply` in page/reply.py:
// look: how the answer turned out ("answered", "unsure", "not_found"), or "writing" until that is known,
// reading: text while the model has said nothing yet, note: text, label and quotes: text and Markdown of what the
// documents say, where that isn't the answer itself, sources: the cards of page/view.py, cited: [number],
// searchedFor: text, searchedIn: text, notices: [text], madeBy: text, insist: what asks the model all the same,
// written: all the text there is as it was written, which page.js copies, every: what puts the question to every document,
// exports: the table of every document as text by its file's ending.
import { useEffect, useLayoutEffect, useRef } from 'react';
import { useRecoilState, useSetRecoilState } from 'recoil';
import { elementState, sideViewState, useChatData, useChatInteract } from '@chainlit/react-client';
import { Markdown } from '@/components/markdown';

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

const save = (text, ending) => {
  const link = document.createElement('a');
  link.href = URL.createObjectURL(new Blob([text], { type: ending === 'csv' ? 'text/csv' : 'text/markdown' }));
  link.download = `every-document.${ending}`;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href));
};

export default function Sources() {
  const { look, reading, note, label, quotes, sources, cited, searchedFor, searchedIn, notices, madeBy, insist, written, every, exports } = props;
  const root = useRef(null);
  const [side, setSide] = useRecoilState(sideViewState);

  const open = (item) => {
    const key = `${props.id}-${item.number}`;
    const passage = { id: key, type: 'custom', name: 'Passage', display: 'side', props: item };
    const pdf = { id: `${key}-pdf`, type: 'pdf', name: item.source, display: 'side', url: item.url, page: item.page };
    setSide({ key, title: `[${item.number}]`, elements: item.page ? [passage, pdf] : [passage] });
  };

  // The markers in this answer's own text: links as page/markdown.py makes them.
  useLayoutEffect(() => {
    const answer = root.current.closest('.step');
    const itemOf = (event) => {
      const link = event.target.closest?.('a[href^="#pw-"]');
      return link && [link, sources.find(({ number }) => link.hash === `#pw-${number}`)];
    };
    const onClick = (event) => {
      const [, item] = itemOf(event) || [];
      if (!item) return;
      event.preventDefault();
      open(item);
    };
    const onPoint = (event) => {
      const [link, item] = itemOf(event) || [];
      if (item) link.title = [item.source, item.place].filter(Boolean).join(', ');
    };
    answer.addEventListener('click', onClick);
    answer.addEventListener('mouseover', onPoint);
    return () => {
      answer.removeEventListener('click', onClick);
      answer.removeEventListener('mouseover', onPoint);
    };
  }, [sources]);

  // Chainlit closes the side panel whenever an element changes; what the reader opened meanwhile stays open.
  useEffect(() => {
    const item = sources.find(({ number }) => side?.key === `${props.id}-${number}`);
    if (item) setTimeout(() => open(item));
  }, [sources]);

  return (
    <div ref={root} className="pw-below" data-look={look} data-written={written}>
      {reading && <p className="pw-reading" role="status">{reading}</p>}
      {note && <p className="pw-note" role="note">{note}</p>}
      {quotes && (
        <section className="pw-quotes" aria-label="From your documents">
          {label && <p className="pw-label">{label}</p>}
          <blockquote><Markdown latex>{quotes}</Markdown></blockquote>
        </section>
      )}
      <div className="pw-sources">
        {searchedFor && <p className="pw-searched-for">Searched for: {searchedFor}</p>}
        {searchedIn && <p className="pw-searched-in">Searched only {searchedIn}</p>}
        {notices.map((text) => (
          <p key={text} className="pw-notice" role="note">{text}</p>
        ))}
        {cited.length > 0 && (
          <ul aria-label="Sources">
            {sources.filter(({ number }) => cited.includes(number)).map((item) => (
              <li key={item.number}>
                <button type="button" onClick={() => open(item)} title="Show the passage">
                  <span className="pw-number">{item.number}</span>
                  <span className="pw-source">{item.source}</span>
                  {item.place && <span className="pw-place">{item.place}</span>}
                </button>
              </li>
            ))}
          </ul>
        )}
        {insist && <AskAgain insist={insist} id={props.id} name="insist" label="Ask the model anyway" />}
        {every && <AskAgain insist={every} id={props.id} name="every" label="Ask every document" />}
        {exports && Object.entries(exports).map(([ending, text]) => (
          <button key={ending} type="button" className="pw-insist" onClick={() => save(text, ending)}>
            {ending === 'csv' ? 'Save as CSV' : 'Save as Markdown'}
          </button>
        ))}
        {madeBy && <p className="pw-made-by">{madeBy}</p>}
      </div>
    </div>
  );
}
