// The panel of models, loaded by page.js when it is first opened: page/models/routes.py answers it.
const LOOK_EVERY_MS = 700;
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
    throw new Error('The server does not answer. Start it again.');
  }
  const got = await response.json().catch(() => ({}));
  if (!response.ok) throw new Error(got.detail ?? `The server refused (${response.status}). Reload the page.`);
  return got;
};

const now = make('p', { className: 'pw-now' });
const privacy = make('p', { className: 'pw-quiet' });
const told = make('p', { className: 'pw-told' });
told.setAttribute('role', 'status');
const list = make('ul');
list.setAttribute('aria-label', 'Models');
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
  megabytes == null ? '' : megabytes >= 1000 ? `${(megabytes / 1000).toFixed(1)} GB` : `${megabytes} MB`;
const hostOf = (address) => (URL.canParse(address) ? new URL(address).hostname : address);
const isHere = (host) => host === 'localhost' || host === '[::1]' || /^127\./.test(host);
const placeOf = ({ address }) => {
  if (!address || isHere(hostOf(address))) return 'on this machine';
  return `leaves this machine: ${hostOf(address)}`;
};
const isSame = (one, other) => one.replace(/(\/v1)?\/*$/, '') === other.replace(/(\/v1)?\/*$/, '');
const isUsed = ({ id, variant, address }) => state && isSame(address, state.address)
  && [state.id, state.model.name].some((name) => [id, variant].includes(name));

const button = (text, label, onclick, className = '') => {
  const made = make('button', { type: 'button', textContent: text, className, onclick, disabled: isBusy });
  made.setAttribute('aria-label', label);
  return made;
};

const use = (row) => run(`${row.name} is being made ready …`, () => call('/use', { model: row.id, address: row.address }));
const download = (row) => run('', () => call('/download', { model: row.id }));
const cancel = () => run('', () => call('/cancel', {}));

const action = (row) => {
  const running = state?.download && !state.download.isOver ? state.download : null;
  if (isUsed(row)) return make('span', { textContent: 'in use' });
  if (running?.model === row.id) {
    const bar = make('progress', { max: 100, value: running.percent });
    bar.setAttribute('aria-label', `Download of ${row.name}`);
    const share = make('span', { textContent: `${running.percent} %` });
    return make('span', { className: 'pw-actions' }, bar, share, button('Cancel', `Cancel the download of ${row.name}`, cancel));
  }
  if (row.address || row.onDisk) return button('Use', `Use ${row.name}`, () => use(row));
  const made = button('Download', `Download ${row.name}`, () => download(row));
  made.disabled ||= Boolean(running);
  return made;
};

const item = (row) => {
  const facts = [placeOf(row), row.device, sizeOf(row), row.loaded ? 'in memory' : row.onDisk ? 'on the disk' : ''];
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
    privacy.textContent = model.privacy;
    trying.hidden = !state.mayEnter;
  }
  for (const each of trying.querySelectorAll('button')) each.disabled = isBusy;
  const next = JSON.stringify([known, state?.model?.name, state?.id, state?.address, state?.download, isBusy]);
  if (next === drawn || !known) return;
  drawn = next;
  const focused = list.contains(document.activeElement) ? document.activeElement.getAttribute('aria-label') : null;
  list.replaceChildren(...known.models.map(item));
  if (focused) list.querySelector(`[aria-label="${CSS.escape(focused)}"]`)?.focus();
  listed.textContent = known.models.length ? '' : 'No model is known: nothing is downloaded, and no catalog or server can be reached.';
  loading.textContent = known.failures.join(' ');
};

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
    tell(got.failure || `${got.model} is on the disk. Use it, and the next question is answered by it.`, got.failure ? 'bad' : '');
    wasLoading = '';
    await relist();
  }
  if (got && !got.isOver) wasLoading = got.model;
  draw();
};

const relist = async () => {
  loading.textContent = 'Looking for models …';
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
const tryIt = () => run('One token is being asked for …', () => call('/try', entered()));
trying.append(
  make('h3', { textContent: 'Another server' }),
  make('p', { className: 'pw-quiet', textContent: 'Any that speaks OpenAI’s protocol. The key is kept until this server stops, and shown nowhere.' }),
  field('address', 'Address', { type: 'url', required: true, placeholder: 'http://localhost:11434' }),
  field('model', 'Model', { placeholder: 'llama3.2' }),
  field('key', 'Key, if it wants one', { type: 'password', autocomplete: 'new-password' }),
  make('div', { className: 'pw-actions' },
    make('button', { type: 'button', textContent: 'Try it', onclick: () => trying.reportValidity() && tryIt() }),
    make('button', { type: 'submit', textContent: 'Use it', className: 'pw-main' })),
);
trying.onsubmit = (event) => {
  event.preventDefault();
  run('It is being tried …', async () => {
    const used = await call('/use', entered());
    trying.elements.key.value = '';
    return used;
  }).then(relist);
};

const dialog = make('dialog', { id: 'pw-models' });
dialog.setAttribute('aria-labelledby', 'pw-models-title');
dialog.append(
  make('header', {}, make('h2', { id: 'pw-models-title', textContent: 'Models' }),
    make('button', { type: 'button', textContent: 'Close', onclick: () => dialog.close() })),
  now, privacy, told,
  make('h3', { textContent: 'On this machine, and at the server' }), list, listed, loading,
  trying,
  make('p', { className: 'pw-quiet', textContent: 'The choice holds for everybody who uses this page, until the server stops. Temperature, length and passages of a chat are set behind the gear below the question.' }),
);
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
