// The second model of this chat, which answers each question beside the first: what the server says of it, and how it is
// chosen. It stands above the question until it is ended.
import { isHere, placeOf } from '../places.js';
const { say } = window.pagewise;

let second = null;
const listeners = new Set();

export const readSecond = () => second;
export const onSecond = (listener) => listeners.add(listener);
// Chainlit passes it on; none ends it.
export const chooseSecond = (named) => window.postMessage({ pwSecond: named }, window.location.origin);

const describe = () => say('beside.chosen', { model: second.name, place: placeOf(second) });
// What may leave this machine for an answer of this chat; `model` is that of the server's status.
export const describePrivacy = (model) =>
  !second || isHere(second.address) ? model.privacy : [describe(), model.staysHere ? '' : model.privacy].filter(Boolean).join(' ');
window.pagewise.describePrivacy = describePrivacy;

const chip = document.createElement('div');
chip.id = 'pw-second';
chip.className = 'pw-chip';
chip.setAttribute('role', 'status');
chip.hidden = true;
const show = async () => {
  await window.pagewise.answers; // the texts have come by then
  chip.hidden = !second;
  if (!second) return;
  const end = document.createElement('button');
  end.type = 'button';
  end.textContent = say('beside.end');
  end.addEventListener('click', () => {
    chooseSecond(null);
    document.getElementById('chat-input')?.focus();
  });
  chip.replaceChildren(describe(), end);
  place();
};
// Chainlit moves its composer when a chat begins, and the chip goes with it.
const place = () => {
  if (!chip.hidden && !chip.isConnected) document.getElementById('message-composer')?.before(chip);
};
new MutationObserver(place).observe(document.body, { childList: true, subtree: true });

window.addEventListener('message', ({ data, origin }) => {
  if (origin !== window.location.origin || data?.pwSecondIs === undefined) return;
  second = data.pwSecondIs;
  show();
  for (const listener of listeners) listener();
});
