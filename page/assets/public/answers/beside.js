// Two answers of two models to one question: which belong together, which one is kept, and who can be asked as well.
import { hostOf, isHere, placeOf } from '../places.js';
import { find, redraw } from './latest.js';
const { say } = window.pagewise;
const prefix = document.querySelector('meta[property="og:root_path"]')?.content ?? '';
const tell = (wish) => window.postMessage(wish, window.location.origin); // Chainlit passes it on

// The second answer by the first, the first by the second, and which one is kept, by the first.
const seconds = new Map();
const firsts = new Map();
const kept = new Map();
const firstOf = (id) => firsts.get(id) ?? id;
window.addEventListener('message', ({ data, origin }) => {
  if (origin !== window.location.origin || !data?.pwKept) return;
  kept.set(firstOf(data.pwKept), data.pwKept);
  redraw();
});

// The models that can be asked beside another one; those on the disk or at a server change with the one that answers.
let offers = [];
let isWanted = false;
let status = '';
const load = async () => {
  isWanted = true;
  try {
    const response = await fetch(`${prefix}/models/beside`, { cache: 'no-store' });
    offers = response.ok ? (await response.json()).models : [];
  } catch {
    offers = [];
  }
  redraw();
};
window.addEventListener('pw-status', ({ detail: { model } }) => {
  const now = JSON.stringify([model.name, model.kind, model.detail]);
  if (isWanted && now !== status) load();
  status = now;
});
const isOther = ({ model, address }, below) =>
  model !== below.model || below.host !== (isHere(address) ? '' : hostOf(address));

// Whose second answer is to get the focus as soon as it is there: the button that asked for it is gone then.
let awaited = '';

export const makePair = ({ React, useChatData }) => {
  const { createElement: h, useEffect, useId, useLayoutEffect, useRef, useState } = React;

  // The pair that an answer is one of, if any; it marks its place on the page, by which the two stand side by side.
  const usePair = (below, root) => {
    const { id, beside, by, madeBy, kept: wasKept } = below;
    useEffect(() => {
      if (wasKept && !kept.has(beside || id)) kept.set(beside || id, id);
      if (beside) {
        seconds.set(beside, id);
        firsts.set(id, beside);
        redraw();
      }
      return () => {
        if (beside && seconds.get(beside) === id) seconds.delete(beside);
      };
    }, [beside, id]);
    const first = beside || id;
    const isPair = Boolean(beside) || seconds.has(first);
    const isKept = kept.get(first) === id;
    const name = by || madeBy;
    useLayoutEffect(() => {
      const step = root.current.closest('.step');
      const content = root.current.closest('.message-content');
      if (!isPair || !step || !content) return undefined;
      step.dataset.pwPair = beside ? 'second' : 'first';
      step.setAttribute('role', 'group');
      step.setAttribute('aria-label', say('beside.group', { model: name }));
      step.toggleAttribute('data-pw-kept', isKept);
      content.dataset.pwBy = name;
      return () => {
        for (const one of ['data-pw-pair', 'data-pw-kept', 'role', 'aria-label']) step.removeAttribute(one);
        delete content.dataset.pwBy;
      };
    }, [isPair, isKept, name, beside]);
    return isPair ? { first, second: seconds.get(first) ?? id, isKept } : null;
  };

  const Stop = ({ id, first, name }) => {
    const button = useRef(null);
    useEffect(() => {
      if (awaited !== first) return;
      awaited = '';
      button.current.focus();
    }, []);
    return h('button', { ref: button, type: 'button', className: 'pw-insist pw-stop', onClick: () => tell({ pwStop: id }) },
      say('beside.stop', { model: name }));
  };

  // What may be done with one answer of a pair: end it, and when both are there, keep it.
  const Choice = ({ below, pair }) => {
    const isWriting = (id) => find(id)?.look === 'writing';
    if (below.look === 'writing') return h(Stop, { id: below.id, first: below.beside, name: below.model || below.by });
    if (isWriting(pair.first) || isWriting(pair.second)) return null;
    const onClick = () => tell({ pwKeep: below.id });
    return h('button', { type: 'button', className: 'pw-insist pw-keep', 'aria-pressed': pair.isKept, onClick },
      pair.isKept ? say('beside.kept') : say('beside.keep'));
  };

  // The button that asks another model too; it shows which there are and where each runs, before anything is sent there.
  const Another = ({ below }) => {
    const { disabled, loading } = useChatData();
    const [isOpen, setOpen] = useState(false);
    const root = useRef(null);
    const list = useId();
    useEffect(() => void (isWanted || load()), []);
    const others = offers.filter((offer) => isOther(offer, below));
    if (!below.another || !others.length) return null;
    const ask = ({ model, address }) => {
      awaited = below.id;
      tell({ pwAskToo: { first: below.id, parent: below.parent, ask: below.another, model: { model, address } } });
      setOpen(false);
    };
    const onKeyDown = (event) => {
      if (event.key !== 'Escape' || !isOpen) return;
      event.preventDefault();
      setOpen(false);
      root.current.querySelector('button').focus();
    };
    const open = () => {
      if (!isOpen) load();
      setOpen(!isOpen);
    };
    return h('span', { ref: root, className: 'pw-another', onKeyDown },
      h('button', { type: 'button', 'aria-expanded': isOpen, 'aria-controls': list, disabled: disabled || loading, onClick: open },
        say('beside.ask')),
      h('ul', { id: list, hidden: !isOpen }, others.map((offer) => h('li', { key: `${offer.model} ${offer.address}` },
        h('button', { type: 'button', disabled: disabled || loading, onClick: () => ask(offer) },
          offer.name, h('span', { className: 'pw-quiet' }, placeOf(offer)))))));
  };

  return { usePair, Another, Choice };
};
