// For those who don't see the page or use no mouse: names of Chainlit's buttons, and the way into the panel and back.
const { say, sayChainlits } = window.pagewise;

const NAMES = {
  '#chat-submit': sayChainlits('chat.input.actions.send'),
  '#stop-button': sayChainlits('chat.input.actions.stop'),
  '#upload-button, #upload-button-loading': sayChainlits('chat.input.actions.attachFiles'),
  '#upload-button-input': sayChainlits('chat.input.actions.attachFiles'),
  '#chat-settings-open-modal': sayChainlits('navigation.user.menu.settings'),
  '#new-chat-button': sayChainlits('navigation.newChat.button'),
  '#search-chats-button': sayChainlits('threadHistory.sidebar.filters.search'),
  '#sidebar-trigger-button': sayChainlits('threadHistory.sidebar.title'),
  '#theme-toggle': say('theme'),
  '[data-sidebar=rail]': sayChainlits('threadHistory.sidebar.title'),
  '#user-nav-button': say('account'),
  '#thread-options': say('options'),
  '#chat-input': sayChainlits('chat.input.placeholder'),
  '#edit-chat-input, .edit-message': say('edit'),
  '#side-view-title button': say('close'),
  'button:has(> .lucide-chevron-left)': say('page.previous'),
  'button:has(> .lucide-chevron-right)': say('page.next'),
  'button:has(> .lucide-zoom-out)': say('zoom.out'),
  'button:has(> .lucide-zoom-in)': say('zoom.in'),
  'button:has(> .lucide-printer)': say('print'),
  'button:has(> .lucide-download), a:has(> .lucide-download)': say('download'),
  '.positive-feedback-on, .positive-feedback-off': sayChainlits('chat.messages.feedback.positive'),
  '.negative-feedback-on, .negative-feedback-off': sayChainlits('chat.messages.feedback.negative'),
  '.ai-message button:has(> .lucide-copy)': sayChainlits('chat.messages.actions.copy.button'),
  'button:has(> .lucide-arrow-down)': say('scroll.end'),
  '.ai-message button:has(> .lucide-message-circle)': sayChainlits('chat.messages.feedback.edit'),
};

// What it says in English alone: where it stands, how it reads, and what takes its place.
const ENGLISH = [
  ['a[href$="/library"], a[href$="/library"] *', /^Library$/, say('library')],
  ['[data-radix-popper-content-wrapper] *', /^library$/, say('library')],
  ['#theme-toggle *', /^Toggle theme$/, say('theme')],
  ['[data-sidebar=trigger] *', /^Toggle Sidebar$/, sayChainlits('threadHistory.sidebar.title')],
  ['[data-sonner-toast] *', /^File is larger than (\d+) MB$/, (_, size) => say('upload.large', { size })],
  ['[data-sonner-toast] *', /^Too many files$/, say('upload.number')],
  ['[data-sonner-toast] *', /^Couldn't resume chat.*$/, say('conversation.gone')],
  ['[role=dialog] > button *', /^Close$/, say('close')],
];
const translate = () => {
  for (const [selector, words, own] of ENGLISH) {
    for (const element of document.querySelectorAll(selector)) {
      for (const node of element.childNodes) {
        if (node.nodeType === Node.TEXT_NODE && words.test(node.data)) node.data = node.data.replace(words, own);
      }
    }
  }
};

const title = document.createElement('h1');
title.className = 'pw-unseen';
title.textContent = document.title;

const name = () => {
  for (const [selector, label] of Object.entries(NAMES)) {
    for (const element of document.querySelectorAll(selector)) {
      if (element.getAttribute('aria-label') !== label) element.setAttribute('aria-label', label);
      if (element.title) element.title = label;
    }
  }
  // Chainlit draws the menu of a conversation as a block without a role, within a link.
  for (const menu of document.querySelectorAll('#thread-options:not([role])')) {
    menu.setAttribute('role', 'button');
    menu.tabIndex = 0;
    const link = menu.closest('[data-sidebar="menu-button"]');
    link?.setAttribute('role', 'group');
    link?.setAttribute('tabindex', '-1');
  }
  translate();
  // It draws a link of its header within a button.
  for (const link of document.querySelectorAll('#header button > a, #header button > * > a')) {
    const button = link.closest('button');
    button.setAttribute('role', 'group');
    button.setAttribute('aria-label', link.textContent.trim());
    button.tabIndex = -1;
  }
  // On a phone the panel is a dialog that is named by nothing.
  for (const dialog of document.querySelectorAll('[role=dialog]:not([aria-label]):has(.pw-passage)')) {
    dialog.removeAttribute('aria-labelledby');
    dialog.setAttribute('aria-label', dialog.querySelector('.pw-passage').ariaLabel);
  }
  for (const entry of document.querySelectorAll('#thread-history [role=group]')) {
    if (entry.ariaLabel !== entry.textContent.trim()) entry.ariaLabel = entry.textContent.trim();
  }
  document.querySelector('ul:has(> #thread-history)')?.setAttribute('role', 'none');
  for (const handle of document.querySelectorAll('[role=separator][aria-controls]')) {
    if (!document.getElementById(handle.getAttribute('aria-controls'))) handle.removeAttribute('aria-controls');
  }
  const header = document.getElementById('header');
  if (header && title.parentElement !== header) header.prepend(title);
  followPanel();
  showWayToEnd();
};

// Chainlit keeps room below the last question, so that it can stand at the top; it takes that for something to read.
const showWayToEnd = () => {
  const [arrow, last] = [document.querySelector('button:has(> .lucide-arrow-down)'), [...document.querySelectorAll('.step')].at(-1)];
  const composer = document.getElementById('message-composer');
  if (!arrow || !last || !composer) return;
  const isInSight = last.getBoundingClientRect().bottom <= composer.getBoundingClientRect().top;
  arrow.style.visibility = isInSight ? 'hidden' : '';
};
document.addEventListener('scroll', showWayToEnd, { capture: true, passive: true });

// What is opened takes the focus, and gives it back when it is closed.
let opener = null;
let last = null;
document.addEventListener('focusin', ({ target }) => target.closest('#side-view-content, #side-view-title') || (last = target));
document.addEventListener('click', ({ target }) => {
  const clicked = target.closest?.('a, button');
  if (clicked && !clicked.closest('#side-view-content, #side-view-title')) last = clicked;
}, true);

const followPanel = () => {
  const panel = document.getElementById('side-view-content');
  if (panel && !opener) {
    opener = last ?? document.body;
    panel.tabIndex = -1;
    panel.focus({ preventScroll: true });
  } else if (!panel && opener) {
    if (opener.isConnected && [document.body, null].includes(document.activeElement)) opener.focus({ preventScroll: true });
    opener = null;
  }
};

document.addEventListener('keydown', ({ key, target }) => {
  const isElsewhere = document.querySelector('[role=dialog], [role=alertdialog], [role=menu]');
  if (key === 'Escape' && !isElsewhere && target.id !== 'edit-chat-input') {
    document.querySelector('#side-view-title button')?.click();
  }
});

new MutationObserver(name).observe(document.body, { childList: true, subtree: true });
name();
