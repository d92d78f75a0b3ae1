// The side panel: the reader, open at the passage that was asked for. It is a page of our own (page/reader/) in a frame,
// so that nothing of a document is part of this page. Escape closes it, from within too, and the focus goes back.
import { useEffect, useRef } from 'react';
import { useSetRecoilState } from 'recoil';
import { sideViewState } from '@chainlit/react-client';

export default function Passage() {
  const { reader, source, place, said } = props;
  const frame = useRef(null);
  const setSide = useSetRecoilState(sideViewState);

  useEffect(() => {
    const opener = document.activeElement;
    return () => opener?.isConnected && opener.focus();
  }, []);
  useEffect(() => {
    const close = () => setSide(undefined);
    const onMessage = ({ data, origin, source }) => {
      if (origin !== window.location.origin || source !== frame.current?.contentWindow) return;
      if (data?.pwReader === 'close') close();
      // Not before: a frame that is still loading hears no key, and Escape would be lost.
      if (data?.pwReader === 'ready') frame.current.focus();
    };
    const onKey = ({ key, defaultPrevented }) => {
      if (key === 'Escape' && !defaultPrevented && !document.querySelector('dialog[open]')) close();
    };
    window.addEventListener('message', onMessage);
    document.addEventListener('keydown', onKey);
    return () => {
      window.removeEventListener('message', onMessage);
      document.removeEventListener('keydown', onKey);
    };
  }, []);

  return (
    <article className="pw-passage" aria-label={[source, place].filter(Boolean).join(', ')}>
      {said && <p className="pw-said" role="note">{said}</p>}
      <iframe ref={frame} src={reader} title={[source, place].filter(Boolean).join(', ')} tabIndex={0} />
    </article>
  );
}
