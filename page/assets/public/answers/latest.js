// What stands below each answer, as it was told last. Chainlit would draw all messages anew for each change of one
// element, so changes come as messages to the window.
const latest = new Map();
const shown = new Map();
const redraws = new Set();

export const redraw = () => {
  for (const one of redraws) one();
};
export const keep = (below) => {
  if (!below?.id || below.at < (latest.get(below.id)?.at ?? 0)) return;
  latest.set(below.id, below);
  redraw();
};
window.addEventListener('message', ({ data, origin }) => origin === window.location.origin && keep(data?.pwBelow));

// The later one of what was told and what an element brought; undefined for an answer that isn't on the page.
const choose = (given, known) => (known && (!given || known.at > given.at) ? known : given);
export const find = (id) => choose(shown.get(id), latest.get(id));

export const makeUseLatest = ({ useEffect, useReducer }) => (given) => {
  const [, draw] = useReducer((count) => count + 1, 0);
  useEffect(() => {
    redraws.add(draw);
    return () => redraws.delete(draw);
  }, []);
  useEffect(() => {
    shown.set(given.id, given);
    return () => shown.delete(given.id);
  }, [given]);
  return choose(given, latest.get(given.id));
};
