// The quote beside the pointer, or beside the link that has the focus; one for all answers.
const { say } = window.pagewise;

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
export const hideBubble = () => document.getElementById('pw-bubble')?.remove();
export const showBubble = (link, { item, spot }) => {
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
// What is to be said of a marker whose passage does not say it.
export const describeSpot = (spot) => {
  if (!spot || (spot.quote && !spot.lacks?.length)) return '';
  return spot.lacks?.length ? say('answer.lacks', { words: spot.lacks.join(', ') }) : say('answer.unsaid');
};
