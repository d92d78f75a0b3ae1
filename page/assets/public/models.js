// The panel of models, loaded by page.js when it is first opened: page/models/routes.py answers it.
import { chooseSecond, describePrivacy, onSecond, readSecond } from './answers/second.js';
import { placeOf } from './places.js';
const LOOK_EVERY_MS = 700;
const { say, number } = window.pagewise;
const prefix = document.querySelector('meta[property="og:root_path"]')?.content ?? '';

const make = (tag, props = {}, ...children) => {
  const element = Object.assign(document.createElement(tag), props);
  element.append(...children.filter(Boolean));
  return element;
};

const call = async (path, body) => {
  const sent = body && { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) };
  let response;
  try {
    response = await fetch(`${prefix}/models${path}`, { cache: 'no-store', ...sent });
  } catch {
    throw new Error(say('models.silent'));
  }
  const got = await response.json().catch(() => ({}));
  if (!response.ok) throw new Error(got.detail ?? say('models.refused', { status: response.status }));
  return got;
};

const now = make('p', { className: 'pw-now' });
const privacy = make('p', { className: 'pw-quiet' });
const told = make('p', { className: 'pw-told' });
told.setAttribute('role', 'status');
const list = make('ul');
list.setAttribute('aria-label', say('models'));
const listed = make('p', { className: 'pw-quiet' });
const loading = make('p', { className: 'pw-quiet' });

const tell = (text, tone = '') => {
  told.textContent = text;
  told.dataset.tone = tone;
};
// What an action says at its beginning and at its end; nothing else can be begun meanwhile.
let isBusy = false;
const run = async (begin, action) => {
  isBusy = true;
  tell(begin);
  draw();
  try {
    const { text } = await action();
    tell(text ?? '');
  } catch (error) {
    tell(error.message, 'bad');
  }
  isBusy = false;
  await look();
};

let state = null;
let known = null;

const sizeOf = ({ megabytes }) =>
  megabytes == null ? '' : megabytes >= 1000 ? `${number(Math.round(megabytes / 100) / 10)} GB` : `${megabytes} MB`;
const isSame = (one, other) => one.replace(/(\/v1)?\/*$/, '') === other.replace(/(\/v1)?\/*$/, '');
const isUsed = ({ id, variant, address }) => state && isSame(address, state.address)
  && [state.id, state.model.name].some((name) => [id, variant].includes(name));

const button = (text, label, onclick, className = '') => {
  const made = make('button', { type: 'button', textContent: text, className, onclick, disabled: isBusy });
  made.setAttribute('aria-label', label);
  return made;
};

const isSecond = ({ id, variant, address }) => {
  const second = readSecond();
  return Boolean(second) && isSame(address, second.address) && [id, variant].includes(second.model);
};
const use = (row) => run(say('models.using', { name: row.name }), () => call('/use', { model: row.id, address: row.address }));
const compare = (wanted) => run(say('models.using', { name: wanted.name ?? wanted.model }), async () => {
  chooseSecond(await call('/beside', wanted));
  return {};
});
const download = (row) => run('', async () => {
  await call('/download', { model: row.id });
  return { text: say('models.download.begun') };
});
const cancel = () => run('', () => call('/cancel', {}));

// To answer in the place of the model in use, or beside it.
const choices = (row) => make('span', { className: 'pw-actions' },
  button(say('models.use'), say('models.use.name', { name: row.name }), () => {
    if (isSecond(row)) chooseSecond(null);
    return use(row);
  }),
  isSecond(row)
    ? button(say('models.compared'), say('beside.end'), () => chooseSecond(null))
    : button(say('models.compare'), say('models.compare.name', { name: row.name }),
      () => compare({ model: row.id, address: row.address, name: row.name })));

const action = (row) => {
  const running = state?.download && !state.download.isOver ? state.download : null;
  if (isUsed(row)) return make('span', { textContent: say('models.used') });
  if (running?.model === row.id) {
    const bar = make('progress', { max: 100, value: running.percent });
    bar.setAttribute('aria-label', say('models.download.of', { name: row.name }));
    const share = make('span', { textContent: `${running.percent} %` });
    return make('span', { className: 'pw-actions' }, bar, share, button(say('cancel'), say('models.download.cancel', { name: row.name }), cancel));
  }
  if (row.address || row.onDisk) return choices(row);
  const made = button(say('download'), say('models.download.name', { name: row.name }), () => download(row));
  made.disabled ||= Boolean(running);
  return made;
};

const item = (row) => {
  const facts = [placeOf(row), row.device, sizeOf(row), row.loaded ? say('models.memory') : row.onDisk ? say('models.disk') : ''];
  const text = make('span', {}, make('strong', { textContent: row.name }),
    make('span', { className: 'pw-quiet', textContent: facts.filter(Boolean).join(' · ') }));
  return make('li', {}, text, action(row));
};

// Drawn only where something changed, so that the focus stays where it is.
let drawn = '';
const draw = () => {
  if (state) {
    const { model } = state;
    now.textContent = [model.detail, model.kind === 'ready' ? '' : model.fix].filter(Boolean).join(' ');
    privacy.textContent = describePrivacy(model);
    trying.hidden = !state.mayEnter;
  }
  for (const each of trying.querySelectorAll('button')) each.disabled = isBusy;
  const next = JSON.stringify([known, state?.model?.name, state?.id, state?.address, state?.download, readSecond(), isBusy]);
  if (next === drawn || !known) return;
  drawn = next;
  const focused = list.contains(document.activeElement) ? document.activeElement.getAttribute('aria-label') : null;
  list.replaceChildren(...known.models.map(item));
  if (focused) list.querySelector(`[aria-label="${CSS.escape(focused)}"]`)?.focus();
  listed.textContent = known.models.length ? '' : say('models.none');
  loading.textContent = known.failures.join(' ');
};

onSecond(() => draw());

let wasLoading = '';
const look = async () => {
  try {
    state = await call('');
  } catch (error) {
    tell(error.message, 'bad');
    return;
  }
  const { download: got } = state;
  if (got?.isOver && wasLoading) {
    if (got.isCancelled) tell(say('models.download.cancelled'));
    else tell(got.failure || say('models.download.done', { name: got.model }), got.failure ? 'bad' : '');
    wasLoading = '';
    await relist();
  }
  if (got && !got.isOver) wasLoading = got.model;
  draw();
};

const relist = async () => {
  loading.textContent = say('models.looking');
  try {
    known = await call('/known');
  } catch (error) {
    known = { models: [], failures: [error.message] };
  }
  drawn = '';
  loading.textContent = '';
  draw();
};

const field = (name, label, props = {}) => {
  const input = make('input', { name, autocomplete: 'off', spellcheck: false, ...props });
  return make('label', {}, make('span', { textContent: label }), input);
};
const trying = make('form');
const entered = () => Object.fromEntries(new FormData(trying));
const tryIt = () => run(say('models.asking'), () => call('/try', entered()));
trying.append(
  make('h3', { textContent: say('models.server') }),
  make('p', { className: 'pw-quiet', textContent: say('models.server.text') }),
  field('address', say('models.address'), { type: 'url', required: true, placeholder: 'http://localhost:11434' }),
  field('model', say('row.model'), { placeholder: 'llama3.2' }),
  field('key', say('models.key'), { type: 'password', autocomplete: 'new-password' }),
  make('div', { className: 'pw-actions' },
    make('button', { type: 'button', textContent: say('models.try'), onclick: () => trying.reportValidity() && tryIt() }),
    make('button', { type: 'button', textContent: say('models.compare'), onclick: () => trying.reportValidity() && compare(entered()) }),
    make('button', { type: 'submit', textContent: say('models.use.entered'), className: 'pw-main' })),
);
trying.onsubmit = (event) => {
  event.preventDefault();
  run(say('models.trying'), async () => {
    const used = await call('/use', entered());
    trying.elements.key.value = '';
    return used;
  }).then(relist);
};

const dialog = make('dialog', { id: 'pw-models' });
dialog.setAttribute('aria-labelledby', 'pw-models-title');
dialog.append(
  make('header', {}, make('h2', { id: 'pw-models-title', textContent: say('models') }),
    make('button', { type: 'button', textContent: say('close'), onclick: () => dialog.close() })),
  now, privacy, told,
  make('h3', { textContent: say('models.here') }), list, listed, loading,
  trying,
  make('p', { className: 'pw-quiet', textContent: say('models.everybody') }),
);
// Escape closes what the panel was opened from as well, which then can't have the focus back.
dialog.addEventListener('close', () => document.querySelector('#pw-status .pw-headline').focus());
document.body.append(dialog);

export const openModels = () => {
  dialog.showModal();
  tell('');
  const poll = async () => {
    await look();
    if (dialog.open) setTimeout(poll, LOOK_EVERY_MS);
  };
  poll();
  relist();
};
