// The library over the chat: the header's link opens it in a dialog, and what is chosen there this chat is kept to.
const prefix = new URL('../..', import.meta.url).pathname.replace(/\/$/, '');
const { say } = window.pagewise;

const send = (sources) => window.postMessage({ pwOnly: sources }, window.location.origin); // Chainlit passes it on

const open = async () => {
  await window.pagewise.answers; // the texts have come by then
  const dialog = document.createElement('dialog');
  dialog.id = 'pw-library';
  dialog.setAttribute('aria-label', say('library'));
  const frame = document.createElement('iframe');
  frame.src = `${prefix}/library`;
  frame.title = say('library');
  dialog.append(frame);
  dialog.addEventListener('close', () => dialog.remove());
  dialog.addEventListener('click', ({ target }) => target === dialog && dialog.close());
  document.body.append(dialog);
  dialog.showModal();
  frame.focus();
};

document.addEventListener('click', (event) => {
  const link = event.target.closest?.(`a[href="${prefix}/library"]`);
  if (!link || event.button || event.ctrlKey || event.metaKey || event.shiftKey) return;
  event.preventDefault();
  event.stopPropagation();
  open();
}, true);

// What this chat is kept to stands above the question until it is ended.
const chip = document.createElement('div');
chip.id = 'pw-only';
chip.setAttribute('role', 'status');
const showChip = async ({ pwFilter, pwChosen }) => {
  await window.pagewise.answers; // the texts have come by then
  chip.hidden = !pwChosen;
  const end = document.createElement('button');
  end.type = 'button';
  end.textContent = say('library.ask.all');
  end.addEventListener('click', () => send([]));
  chip.replaceChildren(pwFilter, end);
  place();
};
// Chainlit moves its composer when a chat begins, and the chip goes with it.
const place = () => {
  if (chip.hidden || chip.isConnected) return;
  document.getElementById('message-composer')?.before(chip);
};
chip.hidden = true;
new MutationObserver(place).observe(document.body, { childList: true, subtree: true });

window.addEventListener('message', ({ data, origin }) => {
  if (origin !== window.location.origin) return;
  if (data?.pwLibrary) document.getElementById('pw-library')?.close();
  if (data?.pwLibrary === 'only') send(data.sources);
  if (data?.pwFilter === undefined) return;
  showChip(data);
  const kept = sessionStorage.getItem('pw-only'); // chosen on the library's own page, before this chat began
  sessionStorage.removeItem('pw-only');
  if (kept) send(JSON.parse(kept));
});
