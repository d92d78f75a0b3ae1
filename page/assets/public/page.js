// The status line at the top of the page: what is indexed, which model answers, and what needs attention.
(() => {
  // Follow the system's light or dark until the reader chooses.
  localStorage.getItem('vite-ui-theme') ?? localStorage.setItem('vite-ui-theme', 'system');

  // Where a proxy serves the page below a path of its own, all addresses begin with it.
  const prefix = document.querySelector('meta[property="og:root_path"]')?.content ?? '';

  const WORKING_MS = 700;
  const IDLE_MS = 2500;
  const OFFER_WHILE_BUSY_MS = 20000;

  const home = new URL('..', document.currentScript.src);

  // The page's own texts, in the browser's language; they come with Chainlit's.
  let texts = {};
  const say = (key, values = {}) => (texts[key] ?? '').replace(/\{(\w+)\}/g, (_, name) => values[name] ?? '');
  const number = (n) => n.toLocaleString(texts.language);
  const sayCount = (key, n) => say(`${key}.${new Intl.PluralRules(texts.language).select(n)}`, { n: number(n) });
  let chainlits = {};
  const sayChainlits = (path) => path.split('.').reduce((found, part) => found?.[part], chainlits) ?? '';
  window.pagewise = { say, sayCount, sayChainlits, number };
  const loadTexts = async () => {
    const response = await fetch(new URL(`project/translations?language=${navigator.language || 'en'}`, home));
    chainlits = (await response.json()).translation;
    texts = chainlits.pagewise;
  };

  const make = (tag, className, text = '') => {
    const element = document.createElement(tag);
    element.className = className;
    element.textContent = text;
    return element;
  };

  const root = make('aside', '');
  root.id = 'pw-status';
  root.setAttribute('aria-label', 'Status');
  const button = make('button', 'pw-headline', 'Connecting …');
  button.type = 'button';
  button.setAttribute('aria-expanded', 'false');
  button.setAttribute('aria-controls', 'pw-details');
  const banner = make('div', 'pw-banner');
  banner.setAttribute('role', 'status');
  const details = make('div', 'pw-details');
  details.id = 'pw-details';
  details.hidden = true;
  const facts = make('div', '');
  const makeButton = (className, onclick, text = '') => Object.assign(make('button', className, text), { type: 'button', onclick });
  const openModels = async () => (await import(`${prefix}/public/models.js`)).openModels();
  const change = makeButton('pw-change', openModels);
  const look = makeButton('pw-change', () => document.querySelector(`a[href="${prefix}/library"]`)?.click());
  details.append(facts, look, change);
  root.append(button, banner, details);

  const show = (open) => {
    details.hidden = !open;
    button.setAttribute('aria-expanded', String(open));
  };
  button.addEventListener('click', () => show(details.hidden));
  document.addEventListener('keydown', ({ key }) => {
    if (key !== 'Escape' || details.hidden) return;
    if (details.contains(document.activeElement)) button.focus();
    show(false);
  });
  document.addEventListener('click', ({ target }) => root.contains(target) || show(false));

  const percent = (share) => Math.floor(share * 100);
  const isBusy = ({ activity }) => ['starting', 'scan', 'read', 'embed'].includes(activity);
  const needsHelp = ({ corpus, model }) => corpus.activity === 'failed' || model.kind === 'failed';

  const corpusText = ({ activity, done, total, documents, passages, vectors }) => {
    if (activity === 'failed') return say('corpus.failed');
    if (activity === 'read' && done < total) return say('corpus.reading', { done: number(done), total: number(total) });
    if (!documents) return activity === 'idle' ? say('corpus.none') : say('corpus.starting');
    const rest = vectors < passages ? [say('vectors', { percent: percent(vectors / passages) })] : [];
    return [sayCount('documents', documents), ...rest].join(', ');
  };

  const modelText = ({ kind, name, percent: done }) => {
    if (kind === 'ready') return name;
    if (kind === 'failed') return say('quotes.only');
    return done == null ? say('model.starting') : say('model.percent', { percent: Math.floor(done) });
  };

  const advice = ({ corpus, model, history }) => {
    if (corpus.detail) return corpus.detail;
    if (corpus.activity === 'idle' && !corpus.documents) {
      return say('drop', { folder: corpus.folder });
    }
    if (model.kind !== 'failed') return history;
    return `${model.detail} ${model.fix} ${say('until.then')}`;
  };

  // Of this chat, as the server says it; a new one begins without.
  let filter = '';

  const rows = ({ corpus, model }) => [
    ...(filter ? [[say('row.chat'), filter]] : []),
    [say('folder'), corpus.folder],
    [say('row.documents'), `${sayCount('documents', corpus.documents)}, ${sayCount('passages', corpus.passages)}`],
    [say('row.vectors'), corpus.vectors < corpus.passages
      ? say('vectors.rest', { passages: sayCount('passages', corpus.passages - corpus.vectors) })
      : say('vectors.complete')],
    [say('row.model'), model.detail],
    [say('row.privacy'), window.pagewise.describePrivacy?.(model) ?? model.privacy],
    ...(model.fix ? [[say('row.todo'), model.fix]] : []),
  ];

  const table = (status) => {
    const list = make('dl', '');
    for (const [name, value] of rows(status)) list.append(make('dt', '', name), make('dd', '', value));
    return list;
  };

  const failures = (failed) => {
    const list = make('ul', '');
    for (const { source, reason } of failed) {
      const item = make('li', '', `: ${reason}`);
      item.prepend(make('strong', '', source));
      list.append(item);
    }
    return [make('h2', '', sayCount('unread', failed.length)), list];
  };

  // What is to be done stands there until it is done or folded away; then the details go on saying it.
  let advised = null;
  const advise = (text, ...buttons) => {
    const shown = text && text !== sessionStorage.getItem('pw-folded') ? text : '';
    if (shown === advised) return;
    advised = shown;
    const fold = makeButton('pw-fold', () => {
      sessionStorage.setItem('pw-folded', text);
      advise(text);
      button.focus();
    }, '×');
    fold.setAttribute('aria-label', say('close'));
    banner.replaceChildren(...(shown ? [make('span', '', text), ...buttons, fold] : []));
  };
  // The headline stands between the header's buttons, in the middle of the chat if it can; the rest below it.
  const placeStatus = () => {
    const header = document.getElementById('header');
    if (!header) return;
    const { left, right, width } = header.getBoundingClientRect();
    const from = header.querySelector(':scope > div').getBoundingClientRect().right + 8;
    const to = header.lastElementChild.getBoundingClientRect().left - 8;
    root.style.setProperty('--pw-left', `${left}px`);
    root.style.setProperty('--pw-width', `${width}px`);
    button.style.maxWidth = `${Math.max(to - from, 0)}px`;
    const middle = (left + right) / 2;
    const half = button.offsetWidth / 2;
    button.style.left = `${Math.max(from + half, Math.min(middle, to - half)) - middle}px`;
  };
  const sizes = new ResizeObserver(placeStatus);
  let headed = null;
  const followHeader = () => {
    const header = document.getElementById('header');
    if (!header || header === headed) return;
    headed = header;
    sizes.disconnect();
    for (const each of [button, header, header.querySelector(':scope > div'), header.lastElementChild]) sizes.observe(each);
  };

  // The chat makes room for the banner, however high it becomes: in a narrower window it has more lines.
  new ResizeObserver(() => {
    document.documentElement.style.setProperty('--pw-banner', `${banner.offsetHeight}px`);
  }).observe(banner);

  let latest = null;
  window.addEventListener('message', ({ data, origin }) => {
    if (origin !== window.location.origin || typeof data?.pwFilter !== 'string') return;
    filter = data.pwFilter;
    if (latest) render(latest);
  });

  // Have the filters offer what is indexed now, but not while they are being set. Chainlit passes it on to the server.
  let offered = null;
  let offeredAt = 0;
  const offer = (corpus) => {
    const isEarly = isBusy(corpus) && offered !== null && performance.now() - offeredAt < OFFER_WHILE_BUSY_MS;
    if (corpus.generation === offered || isEarly || document.getElementById('chat-settings')) return;
    offered = corpus.generation;
    offeredAt = performance.now();
    window.postMessage('pw-corpus-changed', window.location.origin);
  };

  const render = (status) => {
    latest = status;
    window.dispatchEvent(new CustomEvent('pw-status', { detail: status }));
    const { corpus, model } = status;
    const isWorking = isBusy(corpus) || !['ready', 'failed'].includes(model.kind);
    const failed = corpus.failed.length ? sayCount('unread', corpus.failed.length) : '';
    root.dataset.tone = needsHelp(status) ? 'warn' : isWorking ? 'busy' : 'ok';
    button.textContent = [filter, corpusText(corpus), failed, modelText(model)].filter(Boolean).join(' · ');
    const isForModel = !corpus.detail && model.kind === 'failed' && corpus.documents > 0;
    advise(advice(status), ...(isForModel ? [makeButton('pw-change', openModels, say('models.open'))] : []));
    look.hidden = !failed;
    offer(corpus);
    facts.replaceChildren(table(status), ...(failed ? failures(corpus.failed) : []));
    return isWorking;
  };

  const fail = (headline, text) => {
    root.dataset.tone = 'warn';
    latest = null;
    offered = null; // the server may come back as a new one, which knows nothing of this chat's filter
    button.textContent = headline;
    advise(text);
    return false;
  };

  // There is one password and no user; Chainlit's form wants a name all the same.
  const fillName = () => {
    const name = document.querySelector('#email');
    if (!name || name.value) return;
    Object.getOwnPropertyDescriptor(HTMLInputElement.prototype, 'value').set.call(name, 'reader');
    name.dispatchEvent(new Event('input', { bubbles: true }));
    name.parentElement.style.display = 'none';
    document.querySelector('#password').focus();
  };
  const loginForm = new MutationObserver(fillName);
  const awaitLogin = () => {
    loginForm.observe(document.body, { childList: true, subtree: true });
    fillName();
    return true;
  };

  const refresh = async () => {
    try {
      const response = await fetch(`${prefix}/status`, { cache: 'no-store' });
      root.hidden = response.status === 401; // the page shows its login form
      if (root.hidden) return awaitLogin();
      loginForm.disconnect();
      return response.ok ? render(await response.json()) : fail(say('broken'), await response.text());
    } catch {
      return fail(say('disconnected'), say('disconnected.why', { command: 'uv run chainlit run app.py' }));
    }
  };

  const poll = async () => setTimeout(poll, (await refresh()) ? WORKING_MS : IDLE_MS);

  // Chainlit takes no question before it is connected, and forgets that Enter was pressed: it is sent as soon as it can be.
  let isWaiting = false;
  const sendWhenReady = () => {
    const submit = document.querySelector('#chat-submit');
    if (!submit || submit.disabled) return;
    forgetEnter();
    submit.click();
  };
  const readiness = new MutationObserver(sendWhenReady);
  const forgetEnter = () => {
    readiness.disconnect();
    isWaiting = false;
  };
  const keepEnter = ({ key, shiftKey, isComposing, target }) => {
    if (isWaiting) forgetEnter();
    if (key !== 'Enter' || shiftKey || isComposing || target.id !== 'chat-input') return;
    if (!(target.value ?? target.textContent).trim() || !document.querySelector('#chat-submit')?.disabled) return;
    isWaiting = true;
    readiness.observe(document.body, { childList: true, subtree: true, attributeFilter: ['disabled'] });
  };
  document.addEventListener('keydown', keepEnter, true);

  // A marker opens its passage, by answers/answer.js, and leads nowhere else.
  const stay = (event) => event.target.closest?.('a[href^="#pw-"]') && event.preventDefault();
  document.addEventListener('click', stay, true);
  document.addEventListener('auxclick', stay, true);

  // What is copied is the text as it was written, with a line for each source, and without characters that nobody sees.
  const clean = (text) => text.replace(/[\u200b\u2060-\u2064\ufeff]/g, '');
  const partsOf = (button) => ['number', 'source', 'place'].map((name) => button.querySelector(`.pw-${name}`)?.textContent);
  const listSources = (answer, isWanted = () => true) =>
    [...answer.querySelectorAll('.pw-document button')].map(partsOf).filter(([number]) => isWanted(number))
      .sort(([one], [other]) => one - other)
      .map(([number, source, place]) => `[${number}] ${[source, place].filter(Boolean).join(', ')}`);
  const toItem = (content, sources, text = '') => {
    for (const formula of content.querySelectorAll('.katex')) {
      formula.replaceWith(formula.querySelector('annotation')?.textContent ?? formula.textContent);
    }
    for (const extra of content.querySelectorAll('.pw-sources, .pw-reading, .pw-afterwards')) extra.remove();
    document.body.append(content); // only what is on the page has lines
    const plain = [(text || content.innerText).trim(), sources.join('\n')].filter(Boolean).join('\n\n');
    content.remove();
    for (const line of sources) content.append(make('p', '', line));
    return { 'text/plain': clean(plain), 'text/html': clean(content.innerHTML) };
  };

  // Chainlit's button would copy what the answer was written anew as for its page.
  let copied = null;
  document.addEventListener('click', ({ target }) => {
    const button = target.closest?.('.ai-message button');
    copied = button && !button.closest('.message-content') ? button.closest('.ai-message') : null;
  }, true);
  const write = navigator.clipboard?.write?.bind(navigator.clipboard);
  const copyAnswer = (content) => {
    const kinds = toItem(content.cloneNode(true), listSources(content), content.querySelector('.pw-below')?.dataset.written);
    return new ClipboardItem(Object.fromEntries(Object.entries(kinds).map(([type, data]) => [type, new Blob([data], { type })])));
  };
  if (write) navigator.clipboard.write = (items) => {
    const content = copied?.querySelector('.message-content');
    copied = null;
    return write(content ? [copyAnswer(content)] : items);
  };

  // The same for what is selected in an answer.
  const copySelected = (event) => {
    const selection = document.getSelection();
    if (!selection.rangeCount) return;
    const { startContainer, endContainer } = selection.getRangeAt(0);
    const start = startContainer.nodeType === Node.ELEMENT_NODE ? startContainer : startContainer.parentElement;
    const content = start.closest('.ai-message .message-content');
    if (!content?.contains(endContainer) || start.closest('.pw-sources')) return;
    const fragment = make('div', '');
    fragment.append(selection.getRangeAt(0).cloneContents());
    const hashes = [...fragment.querySelectorAll('a[href^="#pw-"]')].map(({ hash }) => hash);
    const sources = listSources(content, (number) => hashes.includes(`#pw-${number}`));
    for (const [type, data] of Object.entries(toItem(fragment, sources))) event.clipboardData.setData(type, data);
    event.preventDefault();
  };
  document.addEventListener('copy', copySelected);

  // Links of an answer that lead outside: where to stands behind them, and is asked about before they open.
  const findOutside = (link) => {
    const target = URL.canParse(link?.href) ? new URL(link.href) : null;
    return target && target.origin !== window.location.origin ? target : null;
  };
  const nameTarget = ({ host, href }) => host || href;
  const markLinks = () => {
    for (const link of document.querySelectorAll('.ai-message a[href]')) {
      const target = findOutside(link);
      if (!target) continue;
      link.title = target.href;
      const isSaid = [target.href, target.host].includes(link.textContent.trim());
      if (!isSaid) link.dataset.pwTarget = nameTarget(target);
    }
  };
  const confirmLeaving = (event) => {
    const target = findOutside(event.target.closest?.('.ai-message a[href]'));
    if (!target || event.button > 1) return;
    const isOpenable = ['http:', 'https:', 'mailto:'].includes(target.protocol);
    if (isOpenable && window.confirm(`${say('leaving', { host: nameTarget(target) })}\n\n${target.href}`)) return;
    event.preventDefault();
    event.stopPropagation();
  };
  document.addEventListener('click', confirmLeaving, true);
  document.addEventListener('auxclick', confirmLeaving, true);

  document.addEventListener('DOMContentLoaded', async () => {
    new MutationObserver(markLinks).observe(document.body, { childList: true, subtree: true, attributeFilter: ['href'] });
    new MutationObserver(followHeader).observe(document.body, { childList: true, subtree: true });
    document.body.append(root);
    import(`${prefix}/public/library/panel.js`);
    import(`${prefix}/public/answers/second.js`);
    fetch(`${prefix}/public/elements/Sources.jsx`); // so that the first answer needn't wait for it
    window.pagewise.answers = loadTexts().then(() => import(`${prefix}/public/answers/answer.js`));
    await window.pagewise.answers;
    root.setAttribute('aria-label', say('status'));
    change.textContent = say('models.open');
    look.textContent = `${say('library')} …`;
    if (!latest) button.textContent = say('connecting');
    document.documentElement.lang = texts.language;
    import(`${prefix}/public/conversations.js`);
    import(`${prefix}/public/welcome.js`);
    import(`${prefix}/public/access.js`);
    poll();
  });
})();
