// Below each answer: the sources that it cites, and how it was made. Its props come from `Reply` in page/reply.py:
// sources: the cards of page/view.py, cited: [number], searchedFor: text, searchedIn: text, notices: [text],
// madeBy: text, written: the answer's text as it was written, which page.js copies.
import { useEffect, useLayoutEffect, useRef } from 'react';
import { useRecoilState } from 'recoil';
import { sideViewState } from '@chainlit/react-client';

export default function Sources() {
  const { sources, cited, searchedFor, searchedIn, notices, madeBy, written } = props;
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
    <div ref={root} className="pw-sources" data-written={written}>
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
      {madeBy && <p className="pw-made-by">{madeBy}</p>}
    </div>
  );
}
