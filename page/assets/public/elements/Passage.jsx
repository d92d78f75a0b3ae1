// The side panel's text: where a passage stands, and the passage with the quoted part marked.

import { useEffect, useRef } from 'react';

// Passages are Markdown with the line breaks of the page that they are from.
const unwrapped = (text) => text.replace(/([^\n|])\n(?=[^\s#|>*\d-])/g, '$1 ');
const Heading = ({ text }) => {
  const [, hashes, title] = text.match(/^(#+ +)(.*)$/);
  return <strong><span className="pw-hashes">{hashes}</span>{title}</strong>;
};
const withHeadings = (text) =>
  unwrapped(text).split(/^(#{1,6} +.*)$/m).map((part, index) => (index % 2 ? <Heading key={index} text={part} /> : part));

export default function Passage() {
  const { source, place, section, quote, text, url } = props;
  const start = quote ? text.indexOf(quote) : -1;
  const [before, after] = start < 0 ? [text, ''] : [text.slice(0, start), text.slice(start + quote.length)];

  // A passage may be longer than the panel.
  const marked = useRef(null);
  useEffect(() => {
    marked.current?.scrollIntoView({ block: 'center' });
  }, [text, quote]);

  return (
    <article className="pw-passage">
      <header>
        <a href={url} target="_blank" rel="noreferrer" title="Open the document">{source}</a>
        <p>{[place, section].filter(Boolean).join(' · ')}</p>
      </header>
      <blockquote>
        {withHeadings(before)}
        {start >= 0 && <mark ref={marked}>{withHeadings(quote)}</mark>}
        {withHeadings(after)}
      </blockquote>
    </article>
  );
}
