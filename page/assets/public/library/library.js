// The library: all documents of the folder, as long as the list may be. The server sorts, searches and cuts it.
import { icon } from '../icons.js';
import { addressOf, count, language, make, prefix, say, sayCount } from '../own.js';

const ROW = 48;
const PART = 100;
const MOST_CHOSEN = 300;
const IDLE_MS = 4000;
const BUSY_MS = 1200;
const isInside = document.documentElement.classList.contains('inside');
document.getElementById('folders').setAttribute('aria-label', say('library.folders'));
const [bar, folders, main, live] = ['bar', 'folders', 'main', 'live'].map((id) => document.getElementById(id));
const wanted = { search: '', folder: null, state: '', sort: 'name', down: '' };
const chosen = new Map(); // by source: what is shown of it
let parts = new Map();
let latest = null;
let asked = 0;

const call = async (what, body) => {
  const options = body ? { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) } : { cache: 'no-store' };
  const response = await fetch(`${prefix}/library/${what}`, options);
  const answer = await response.json().catch(() => ({}));
  if (!response.ok) throw new Error(answer.detail ?? response.statusText);
  return answer;
};
const tell = (...told) => {
  const words = told.filter(Boolean).join('\n');
  said.textContent = words;
  said.hidden = !words;
  live.textContent = words;
};

// The bar.
const search = make('input', { type: 'search', placeholder: say('library.search'), 'aria-label': say('library.search') });
const total = make('span', { class: 'count', id: 'count' });
const states = make('span', { class: 'tabs', role: 'group', 'aria-label': say('status') });
const picker = make('input', { type: 'file', multiple: true, hidden: true });
const add = make('button', { type: 'button', class: 'main', onclick: () => picker.click() }, icon('add'), say('library.add'));
const label = (text) => make('span', { class: 'label' }, text); // without it, as on a phone, the sign still has its name
const keyButton = make('button', { type: 'button', hidden: true, title: say('library.encrypted'), 'aria-label': say('library.encrypted'), onclick: () => askPassword() }, icon('key'), label(say('library.encrypted')));
const retryButton = make('button', { type: 'button', hidden: true, title: say('library.retry.all'), 'aria-label': say('library.retry.all'), onclick: () => retry() }, icon('retry'), label(say('library.retry.all')));
const leave = isInside
  ? make('button', { type: 'button', title: say('close'), 'aria-label': say('close'), onclick: () => window.parent.postMessage({ pwLibrary: 'close' }, window.location.origin) }, icon('close'))
  : make('a', { class: 'button', href: `${prefix}/`, title: say('library.chat'), 'aria-label': say('library.chat') }, icon('back'));
bar.append(make('h1', {}, say('library')), total, search, states, retryButton, keyButton, add, picker);
if (isInside) bar.append(leave);
else bar.prepend(leave);

// Below it: what is chosen, what happened, the head of the list, the list.
const choice = make('div', { class: 'choice', hidden: true });
const said = make('p', { class: 'said', hidden: true });
const COLUMNS = { name: say('library.name'), folder: say('folder'), type: say('library.type'), pages: say('library.pages'), date: say('library.date'), state: say('status') };
const all = make('input', { type: 'checkbox', 'aria-label': say('library.choose.all') });
const heads = new Map(Object.entries(COLUMNS).map(([name, label]) => [name, make('button', { type: 'button', class: name, onclick: () => sortBy(name) }, label)]));
const head = make('div', { class: 'row head' }, all, ...heads.values(), make('span'));
const list = make('div', { id: 'list', tabindex: '0', role: 'region', 'aria-label': say('library') });
const room = make('div', { id: 'room', role: 'list' });
list.append(room);
main.append(choice, said, head, list);

const load = async (part) => {
  const query = new URLSearchParams({ ...Object.fromEntries(Object.entries(wanted).filter(([, value]) => value !== null && value !== '')), offset: part * PART, limit: PART });
  const asking = ++asked;
  const answer = await call(`list?${query}`);
  return { answer, asking };
};
const refresh = async () => {
  const first = Math.floor(list.scrollTop / ROW / PART);
  try {
    const { answer, asking } = await load(first);
    if (asking !== asked) return;
    const isSame = latest && JSON.stringify({ ...answer, rows: 0 }) === JSON.stringify({ ...latest, rows: 0 }) && JSON.stringify(parts.get(first)) === JSON.stringify(answer.rows);
    latest = answer;
    if (isSame) return;
    parts = new Map([[first, answer.rows]]);
    render();
  } catch (error) {
    tell(say('library.unread', { reason: error.message }));
  }
};
const fetchPart = async (part) => {
  parts.set(part, null);
  const from = parts;
  const { answer } = await load(part).catch(() => ({ answer: null }));
  if (answer && from === parts) {
    parts.set(part, answer.rows);
    renderRows();
  } else if (from === parts) parts.delete(part);
};
const change = (more) => {
  Object.assign(wanted, more);
  list.scrollTop = 0;
  parts = new Map();
  return refresh();
};
const sortBy = (name) => change({ sort: name, down: wanted.sort === name && !wanted.down ? '1' : '' });

const render = () => {
  const { total: files, shown, states: counts, encrypted, isBusy, corpus } = latest;
  const isPart = shown !== files;
  total.textContent = isPart ? say('library.shown', { shown: count(shown), count: count(files) }) : sayCount('documents', files);
  retryButton.hidden = !counts.failed;
  keyButton.hidden = !encrypted;
  for (const [name, button] of heads) {
    button.toggleAttribute('data-sorted', wanted.sort === name);
    if (wanted.sort === name) button.dataset.sorted = wanted.down ? 'down' : 'up';
  }
  renderStates(counts, files);
  renderFolders();
  room.style.height = `${shown * ROW}px`;
  main.dataset.busy = isBusy;
  main.querySelector('.nothing')?.remove();
  if (!shown) list.before(make('p', { class: 'nothing' }, files ? say('library.nothing') : say('library.empty', { folder: corpus })));
  renderRows();
  renderChoice();
  main.dataset.ready = '';
};
const renderStates = (counts, files) => {
  const names = [['', say('library.all'), files], ['ready', say('library.all.ready'), counts.ready], ['reading', say('library.all.reading'), counts.reading], ['failed', say('library.all.failed'), counts.failed]];
  const button = ([state, label, number]) => make('button', { type: 'button', 'aria-pressed': String(wanted.state === state), onclick: () => change({ state }) }, `${label} ${count(number)}`);
  states.replaceChildren(...names.filter(([state, , number]) => !state || number || wanted.state === state).map(button));
};
const renderFolders = () => {
  const entry = (folder, label, number, depth) => make(
    'div', { class: `entry deep${Math.min(depth, 3)}` },
    make('button', { type: 'button', 'aria-pressed': String(wanted.folder === folder), onclick: () => change({ folder }) }, make('span', {}, label), make('small', {}, count(number))),
    folder ? boxOf({ source: folder, name: folder, isFolder: true }) : null,
  );
  const entries = latest.folders.map(([folder, number]) => entry(folder, folder.split('/').at(-1), number, folder.split('/').length - 1));
  const at = folders.scrollTop;
  folders.replaceChildren(make('h2', {}, say('library.folders')), entry(null, say('folders.all'), latest.total, 0), ...entries);
  folders.scrollTop = at;
  folders.hidden = !entries.length;
};

const sizeOf = (bytes) => (bytes < 1e6 ? `${count(Math.max(1, Math.round(bytes / 1e3)))} kB` : `${(bytes / 1e6).toLocaleString(language, { maximumFractionDigits: 1 })} MB`);
const noteOf = (row) => {
  if (row.state === 'failed') return row.reason;
  if (row.same) return say('library.same', { name: row.same });
  if (row.version) return say('library.version', { name: row.version });
  const title = row.title && row.title !== row.name ? row.title : '';
  return row.versions > 1 ? [title, say('library.versions', { count: row.versions })].filter(Boolean).join(' · ') : title;
};
const boxOf = (row) => {
  const isOpen = row.isFolder || row.state === 'ready';
  const box = make('input', { type: 'checkbox', 'aria-label': say('library.choose', { name: row.name }), disabled: !isOpen });
  box.checked = chosen.has(row.source);
  box.addEventListener('change', () => choose([row], box.checked));
  return box;
};
const drawRow = (row, index) => {
  const isChosen = chosen.has(row.source);
  const note = noteOf(row);
  const name = row.state === 'ready'
    ? make('a', { href: `${prefix}/read/${addressOf(row.source)}`, ...(isInside ? { target: '_blank', rel: 'noopener' } : {}) }, row.name)
    : make('button', { type: 'button', 'aria-haspopup': 'dialog', onclick: () => explain(row) }, row.name);
  const element = make(
    'div', { class: `row${isChosen ? ' chosen' : ''}`, role: 'listitem', 'data-source': row.source }, boxOf(row),
    make('span', { class: 'title', title: [row.folder ? `${row.folder}/${row.name}` : row.name, note].filter(Boolean).join('\n') }, name, note ? make('small', {}, note) : null),
    make('span', { class: 'folder quiet', title: row.folder }, row.folder), make('span', { class: 'type quiet' }, row.type),
    make('span', { class: 'pages number' }, row.pages ? count(row.pages) : ''), make('span', { class: 'date quiet', title: sizeOf(row.size) }, row.date),
    make('span', { class: `state ${row.state}` }, say(`library.state.${row.state}`)),
    make('button', { type: 'button', class: 'act', 'aria-label': say('library.more', { name: row.name }), 'aria-haspopup': 'menu', onclick: (event) => openMenu(event.currentTarget, row) }, icon('more')),
  );
  element.style.top = `${index * ROW}px`;
  return element;
};
const renderRows = () => {
  if (!latest) return;
  const first = Math.max(0, Math.floor(list.scrollTop / ROW) - 8);
  const last = Math.min(latest.shown - 1, Math.ceil((list.scrollTop + list.clientHeight) / ROW) + 8);
  const focused = room.contains(document.activeElement) ? document.activeElement.closest('.row')?.dataset.source : null;
  const place = focused && [...document.activeElement.closest('.row').querySelectorAll('a, button, input')].indexOf(document.activeElement);
  const rows = [];
  for (let index = first; index <= last; index += 1) {
    const part = Math.floor(index / PART);
    if (!parts.has(part)) fetchPart(part);
    const row = parts.get(part)?.[index % PART];
    if (row) rows.push(drawRow(row, index));
  }
  room.replaceChildren(...rows);
  if (focused) room.querySelector(`[data-source="${CSS.escape(focused)}"]`)?.querySelectorAll('a, button, input')[place]?.focus();
};
list.addEventListener('scroll', () => requestAnimationFrame(renderRows), { passive: true });
new ResizeObserver(renderRows).observe(list);

// What is chosen.
const choose = (rows, isChosen) => {
  for (const row of rows) {
    if (isChosen && chosen.size >= MOST_CHOSEN && !chosen.has(row.source)) {
      tell(say('library.most', { count: MOST_CHOSEN }));
      break;
    }
    if (isChosen) chosen.set(row.source, row);
    else chosen.delete(row.source);
  }
  renderRows();
  renderFolders();
  renderChoice();
};
const filesOf = () => [...chosen.values()].filter((row) => !row.isFolder);
const renderChoice = () => {
  choice.hidden = !chosen.size;
  all.checked = chosen.size > 0 && chosen.size >= Math.min(latest?.shown ?? 0, MOST_CHOSEN);
  choice.replaceChildren(
    make('span', {}, say('library.chosen', { count: count(chosen.size) })),
    make('button', { type: 'button', class: 'main', onclick: () => askOnly([...chosen.keys()]) }, say('library.ask.chosen', { count: count(chosen.size) })),
    make('button', { type: 'button', class: 'bad', hidden: filesOf().length === 0, onclick: () => askRemoval(filesOf()) }, icon('remove'), say('library.remove')),
    make('button', { type: 'button', onclick: () => choose([...chosen.values()], false) }, say('library.clear')),
  );
};
all.addEventListener('change', async () => {
  if (!all.checked) return choose([...chosen.values()], false);
  const needed = Math.ceil(Math.min(latest.shown, MOST_CHOSEN + 1) / PART);
  for (let part = 0; part < needed; part += 1) if (!parts.get(part)) parts.set(part, (await load(part)).answer.rows);
  return choose([...parts.values()].flat().filter((row) => row?.state === 'ready'), true);
});
// The chat is told, or finds it when it opens: page/assets/public/library/panel.js.
const askOnly = (sources) => {
  if (isInside) return window.parent.postMessage({ pwLibrary: 'only', sources }, window.location.origin);
  sessionStorage.setItem('pw-only', JSON.stringify(sources));
  window.location.assign(`${prefix}/`);
  return undefined;
};

// What can be done with a row.
let menu = null;
const closeMenu = () => {
  menu?.remove();
  menu = null;
};
const openMenu = (button, row) => {
  closeMenu();
  const item = (name, label, act, more = {}) => make('button', { type: 'button', role: 'menuitem', ...more, onclick: () => { closeMenu(); act(); } }, icon(name), label);
  const entries = [
    row.state === 'ready' ? item('outside', say('library.open'), () => window.open(`${prefix}/read/${addressOf(row.source)}`, '_blank', 'noopener')) : null,
    row.state === 'ready' ? item('target', say('library.ask.this'), () => askOnly([row.source])) : null,
    row.state === 'failed' ? item('retry', say('library.retry'), retry) : null,
    row.isEncrypted ? item('key', say('password'), () => askPassword()) : null,
    item('remove', say('library.remove'), () => askRemoval([row]), { class: 'bad' }),
  ];
  menu = make('div', { class: 'menu', role: 'menu' }, ...entries);
  document.body.append(menu);
  const place = button.getBoundingClientRect();
  menu.style.left = `${Math.max(8, place.right - menu.offsetWidth)}px`;
  menu.style.top = `${Math.min(place.bottom, innerHeight - menu.offsetHeight - 8)}px`;
  menu.querySelector('button').focus();
  menu.addEventListener('keydown', (event) => {
    const items = [...menu.querySelectorAll('button')];
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (step) items[(items.indexOf(document.activeElement) + step + items.length) % items.length].focus();
    if (event.key === 'Escape') {
      event.stopPropagation();
      closeMenu();
      button.focus();
    }
  });
};
document.addEventListener('pointerdown', ({ target }) => menu && !menu.contains(target) && closeMenu());

const openDialog = (title, words, ...controls) => {
  const dialog = make('dialog', { 'aria-label': title }, make('h2', {}, title), make('p', {}, words));
  const form = make('form', { method: 'dialog' }, ...controls, make('button', { type: 'button', onclick: () => dialog.close() }, say('cancel')));
  dialog.append(form);
  dialog.addEventListener('close', () => dialog.remove());
  document.body.append(dialog);
  dialog.showModal();
  return { dialog, form };
};
// The whole reason why a file could not be read, which its row has no room for, and what can be done.
const explain = (row) => {
  const act = (name, words, then, more = {}) => make('button', { type: 'button', ...more, onclick: () => { dialog.close(); then(); } }, icon(name), words);
  const { dialog } = openDialog(
    row.name, row.reason,
    act('retry', say('library.retry'), retry),
    row.isEncrypted ? act('key', say('password'), askPassword, { class: 'main' }) : '',
    act('remove', say('library.remove'), () => askRemoval([row]), { class: 'bad' }),
  );
};
const askRemoval = (rows) => {
  const title = say('library.remove.title', { name: rows.length === 1 ? rows[0].name : sayCount('documents', rows.length) });
  const { dialog, form } = openDialog(title, say('library.remove.text', { folder: latest.corpus }), make('button', { type: 'submit', class: 'bad' }, icon('remove'), say('library.remove')));
  form.querySelector('button:last-child').focus();
  form.addEventListener('submit', () => { dialog.close(); remove(rows); });
};
const remove = async (rows) => {
  const told = [];
  for (const row of rows) {
    try {
      await call('remove', { source: row.source });
      chosen.delete(row.source);
      told.push(say('library.removed', { name: row.name }));
    } catch (error) {
      told.push(say('library.unremoved', { name: row.name, reason: error.message }));
    }
    tell(...told);
  }
  renderChoice();
  parts = new Map();
  await refresh();
};
const retry = async () => {
  await call('retry', {}).then(() => tell(say('library.retrying')), (error) => tell(error.message));
  await refresh();
};
const askPassword = () => {
  const input = make('input', { type: 'password', autocomplete: 'off', 'aria-label': say('password'), required: true });
  const { dialog, form } = openDialog(say('library.encrypted'), say('library.password.hint'), input, make('button', { type: 'submit', class: 'main' }, say('library.password.add')));
  input.focus();
  form.addEventListener('submit', async (event) => {
    event.preventDefault();
    await call('password', { password: input.value }).then(() => { tell(say('library.password.added')); dialog.close(); }, (error) => tell(error.message));
    await refresh();
  });
};

// Adding files.
const addFiles = async (files) => {
  const told = [];
  for (const file of files) {
    tell(...told, say('library.adding', { name: file.name }));
    const form = new FormData();
    form.append('file', file);
    try {
      const response = await fetch(`${prefix}/documents`, { method: 'POST', body: form });
      const answer = await response.json().catch(() => ({}));
      if (!response.ok) throw new Error(answer.error?.message ?? answer.detail ?? response.statusText);
      told.push(say('library.added', { name: answer.source }));
    } catch (error) {
      told.push(say('library.unadded', { name: file.name, reason: error.message }));
    }
    tell(...told);
    parts = new Map();
    await refresh();
  }
};
picker.addEventListener('change', () => addFiles([...picker.files]).then(() => { picker.value = ''; }));
const drop = make('div', { class: 'drop', hidden: true }, say('library.drop'));
document.body.append(drop);
const hasFiles = (event) => [...(event.dataTransfer?.types ?? [])].includes('Files');
for (const name of ['dragenter', 'dragover']) document.addEventListener(name, (event) => { if (hasFiles(event)) { event.preventDefault(); drop.hidden = false; } });
document.addEventListener('dragleave', (event) => { if (!event.relatedTarget) drop.hidden = true; });
document.addEventListener('drop', (event) => {
  drop.hidden = true;
  if (!hasFiles(event)) return;
  event.preventDefault();
  addFiles([...event.dataTransfer.files]);
});

let typing = null;
search.addEventListener('input', () => {
  clearTimeout(typing);
  typing = setTimeout(() => change({ search: search.value.trim() }), 120);
});
document.addEventListener('keydown', (event) => {
  if (event.key === 'Escape' && isInside && !document.querySelector('dialog[open]')) window.parent.postMessage({ pwLibrary: 'close' }, window.location.origin);
  if (event.key === '/' && event.target !== search && !event.target.matches('input')) { event.preventDefault(); search.focus(); }
});
const follow = async () => {
  if (!document.hidden) await refresh();
  setTimeout(follow, latest?.isBusy ? BUSY_MS : IDLE_MS);
};
follow();
if (!isInside && innerWidth > 640) search.focus(); // on a phone its keyboard would cover the list
