// Words of a sentence that its passage doesn't have are underlined without touching the text, which is React's.
export const LINKS = 'a[href^="#pw-"]';

export const findWords = (link, words) => {
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
export const underline = (id, ranges) => {
  if (!window.Highlight) return;
  const all = (window.pwLacking ??= new Map());
  all.set(id, ranges);
  CSS.highlights.set('pw-lacking', new Highlight(...[...all.values()].flat()));
};
