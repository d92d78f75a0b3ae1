// The reader: shows the document that its address names, as pages or as text, at the passage that the address names.
import { icon } from '../icons.js';
import { addressOf, make, prefix, say } from '../own.js';
import { Pages } from './pages.js';

const data = JSON.parse(document.body.dataset.reader);
const isInside = document.documentElement.classList.contains('inside');
const [main, bar, text, pages, outline] = ['main', 'bar', 'text', 'pages', 'outline'].map((id) => document.getElementById(id));
const source = data.address;

const fetchJson = async (what, query = '') => {
  const response = await fetch(`${prefix}/reading/${what}/${addressOf(source)}${query}`);
  const answer = await response.json();
  if (!response.ok) throw new Error(answer.detail);
  return answer;
};

const tell = (words) => bar.append(make('p', { class: 'notice', role: 'status' }, words));

// The text. Only its own part scrolls: scrolling an element into view would move the page around this one, too.
const body = make('div', { class: 'body' });
body.append(...text.childNodes);
text.append(body);
const namePages = (within) => {
  for (const name of within.querySelectorAll('.page-name:not([data-named])')) {
    name.dataset.named = '';
    name.textContent = say(`place.${name.dataset.kind}`, { number: name.textContent });
  }
};
const scrollToMark = () => {
  const found = body.querySelector('mark, .passage');
  if (found) text.scrollTop += found.getBoundingClientRect().top - text.getBoundingClientRect().top - text.clientHeight * 0.3;
};
const fill = (html) => {
  const held = make('div');
  held.innerHTML = html; // ours: in it a document's own words are letters only
  namePages(held);
  return [...held.childNodes];
};

// What comes before and after the passages at hand.
let { first = 0, last = -1, total = 0 } = data;
const moreButton = (label, load) => make('button', { type: 'button', onclick: load }, label);
const offerMore = () => {
  text.querySelectorAll('.more').forEach((button) => button.remove());
  if (data.kind !== 'text') return;
  if (first > 0) body.before(make('div', { class: 'more' }, moreButton(say('reader.earlier'), () => showMore(Math.max(0, first - 60), first - 1))));
  if (last < total - 1) body.after(make('div', { class: 'more' }, moreButton(say('reader.later'), () => showMore(last + 1, last + 60))));
};
const showMore = async (from, to) => {
  const part = await fetchJson('text', `?first=${from}&last=${to}`);
  const height = text.scrollHeight;
  if (from < first) {
    body.prepend(...fill(part.html));
    text.scrollTop += text.scrollHeight - height;
  } else {
    body.append(...fill(part.html));
  }
  [first, last] = [Math.min(first, part.first), Math.max(last, part.last)];
  offerMore();
};

// The bar.
const tool = (name, label, onclick, more = {}) => make('button', { type: 'button', title: label, 'aria-label': label, onclick, ...more }, icon(name));
const tools = make('div', { class: 'tools', role: 'toolbar', 'aria-label': say('reader.view') });
const place = make('span', { class: 'place' });
const describePlace = (number) => {
  const named = data.pageKind ? say(`place.${data.pageKind}`, { number }) : '';
  place.textContent = [named, data.section].filter(Boolean).join(' · ');
};

let view = null;
const showTextOfPage = async (number) => {
  const query = new URLSearchParams({ page: number, ...(number === data.page && data.quote ? { quote: data.quote } : {}), ...(data.passage == null ? {} : { passage: data.passage }) });
  const part = await fetchJson('text', `?${query}`).catch((error) => ({ html: '', failure: error.message }));
  body.replaceChildren(...(part.html ? fill(part.html) : [make('p', {}, part.failure ?? say('reader.textless'))]));
  text.scrollTop = 0;
  scrollToMark();
};
const showOriginal = async () => {
  const raw = make('pre', { class: 'raw' }, (await fetchJson('original')).text);
  pages.replaceChildren(raw);
};
const show = (mode) => {
  main.classList.toggle('both', mode === 'both');
  pages.hidden = mode === 'read';
  text.hidden = mode === 'original';
  for (const button of tools.querySelectorAll('[data-mode]')) button.setAttribute('aria-pressed', String(button.dataset.mode === mode));
  if (view) {
    view.fit();
    if (mode !== 'original') showTextOfPage(view.page);
  } else if (mode !== 'read' && !pages.childElementCount) {
    showOriginal().catch((error) => tell(say('reader.unloaded', { reason: error.message })));
  }
};
const modes = () => {
  const names = view || data.hasOriginal ? Object.entries({ original: say('reader.original'), read: say('reader.read'), both: say('reader.both') }) : [];
  const start = view ? 'original' : 'read';
  const button = ([name, label]) => make('button', { type: 'button', 'data-mode': name, 'aria-pressed': String(name === start), title: name === 'read' ? say('reader.read.meaning') : null, onclick: () => show(name) }, label);
  return names.length ? make('span', { class: `group${isInside ? ' optional' : ''}` }, ...names.map(button)) : null;
};

const showOutline = (entries, open) => {
  const link = ([level, target, title]) => make('a', { href: '#', class: `deep${Math.min(level, 3)}`, onclick: (event) => {
    event.preventDefault();
    open(target);
    if (isInside || innerWidth < 700) toggleOutline();
  } }, title);
  outline.setAttribute('aria-label', say('reader.outline'));
  outline.replaceChildren(...entries.map(link));
};
const outlineButton = tool('outline', say('reader.outline'), () => toggleOutline(), { 'aria-expanded': 'false', hidden: true });
const toggleOutline = () => {
  outline.hidden = !outline.hidden;
  outlineButton.setAttribute('aria-expanded', String(!outline.hidden));
  view?.fit();
};
const openPassage = async (ordinal) => {
  const part = await fetchJson('text', `?first=${ordinal}&last=${ordinal + 60}`);
  body.replaceChildren(...fill(part.html));
  [first, last] = [part.first, part.last];
  text.scrollTop = 0;
  offerMore();
};

const linkHere = () => {
  const query = new URLSearchParams();
  if (view) query.set('page', view.page);
  if (data.quote && (!view || view.page === data.page)) query.set('quote', data.quote);
  return `${location.origin}/read/${addressOf(source)}${query.size ? `?${query}` : ''}`;
};
const copyLink = async ({ currentTarget }) => {
  await navigator.clipboard?.writeText(linkHere());
  currentTarget.title = say('reader.link.copied');
};

const buildTools = () => {
  bar.append(place, tools);
  bar.prepend(outlineButton);
  if (view) {
    const input = make('input', { class: 'page', type: 'text', inputmode: 'numeric', 'aria-label': say('reader.page.go'), value: view.page });
    input.addEventListener('change', () => view.open(Number(input.value) || view.page));
    view.onPage = (number) => {
      input.value = number;
      describePlace(number);
      if (!text.hidden) showTextOfPage(number);
    };
    tools.append(
      tool('before', say('page.previous'), () => view.open(view.page - 1)), input,
      make('span', { class: 'count' }, `/ ${view.count}`), tool('after', say('page.next'), () => view.open(view.page + 1)),
      tool('smaller', say('zoom.out'), () => view.zoom(1 / 1.25)), tool('fit', say('reader.fit'), () => view.zoom(0), { class: 'optional' }), tool('larger', say('zoom.in'), () => view.zoom(1.25)),
    );
  }
  if (data.quote || data.passage != null) tools.append(tool('target', say('reader.mark'), () => (view && !pages.hidden ? view.openMark() : scrollToMark()), { class: 'optional' }));
  const choice = modes();
  if (choice) tools.append(choice);
  tools.append(
    tool('link', say('reader.link'), copyLink, { class: 'optional' }),
    make('a', { class: 'button optional', href: `${prefix}/corpus/${addressOf(source)}`, download: true, title: say('download'), 'aria-label': say('download') }, icon('download')),
  );
  if (isInside) tools.append(make('a', { class: 'button', href: location.href, target: '_blank', rel: 'noopener', title: say('reader.full'), 'aria-label': say('reader.full') }, icon('outside')));
};

const fetchOutline = async () => {
  const { outline: entries } = await fetchJson('outline').catch(() => ({ outline: [] }));
  outlineButton.hidden = entries.length === 0;
  showOutline(entries.map(({ level, page, title }) => [level, page, title]), (page) => view.open(page));
};
const start = () => {
  if (data.kind === 'none') return;
  if (data.kind === 'pdf') {
    pages.hidden = false;
    text.hidden = true;
    view = new Pages(pages, data, source, fetchJson);
  }
  document.documentElement.classList.toggle('wide', data.pageKind === 'sheet');
  buildTools();
  describePlace(data.page);
  if (view) {
    view.begin();
    const isMarked = data.layout.marks.length > 0;
    if (data.quote && !data.isFound) tell(say('reader.missing'));
    else if (data.quote && !isMarked) tell(data.layout.letters ? say('reader.inexact') : say('reader.unplaced'));
    fetchOutline();
  } else {
    namePages(body);
    offerMore();
    if (data.notice) tell(data.notice);
    if (data.quote && !data.isFound) tell(say('reader.missing'));
    scrollToMark();
    outlineButton.hidden = data.sections.length < 2;
    showOutline(data.sections, openPassage);
  }
};

document.addEventListener('keydown', (event) => {
  if (event.key === 'Escape' && isInside) window.parent.postMessage({ pwReader: 'close' }, window.location.origin);
  if (event.target.matches('input')) return;
  if (view && event.key === '+') view.zoom(1.25);
  if (view && event.key === '-') view.zoom(1 / 1.25);
});
start();
main.dataset.ready = '';
if (isInside) window.parent.postMessage({ pwReader: 'ready' }, window.location.origin);
