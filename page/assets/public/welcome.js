// The first minute: what is indexed and who answers, above the first question; where to drop documents while there are none.
const { say, sayCount } = window.pagewise;

const make = (tag, className, text = '') => {
  const element = document.createElement(tag);
  element.className = className;
  element.textContent = text;
  return element;
};

const welcome = make('p', 'pw-welcome');
const drop = make('button', 'pw-drop');
drop.type = 'button';
drop.append(make('strong', '', say('welcome.drop')), make('span', ''));
drop.addEventListener('click', () => document.querySelector('#welcome-screen #upload-button-input')?.click());

let status = null;
let wasEmpty = false;

const describe = ({ corpus, model }) => {
  const documents = sayCount('documents', corpus.documents);
  return [say('welcome', { documents }), model.kind === 'ready' ? say('welcome.model', { model: model.name }) : ''].filter(Boolean).join(' ');
};

const place = () => {
  const screen = document.getElementById('welcome-screen');
  if (!screen || !status) return;
  const { corpus } = status;
  const isEmpty = !corpus.documents && corpus.activity === 'idle';
  const [shown, hidden] = isEmpty ? [drop, welcome] : [welcome, drop];
  const text = corpus.documents ? describe(status) : '';
  if (welcome.textContent !== text) welcome.textContent = text;
  const more = say('welcome.drop.more', { folder: corpus.folder });
  if (drop.lastChild.textContent !== more) drop.lastChild.textContent = more;
  if (hidden.isConnected) hidden.remove();
  const composer = screen.querySelector('#message-composer');
  if (composer && shown.nextElementSibling !== composer) composer.before(shown);
};

// The first examples come with the page, so it is loaded anew when there is something to make them of.
const showExamples = ({ corpus }) => {
  const isReady = corpus.documents > 0 && corpus.activity === 'idle';
  const input = document.querySelector('#welcome-screen #chat-input');
  if (wasEmpty && isReady && input && !(input.value ?? input.textContent).trim()) window.location.reload();
  wasEmpty = !corpus.documents || (wasEmpty && !isReady);
};

window.addEventListener('pw-status', ({ detail }) => {
  status = detail;
  showExamples(detail);
  place();
});
new MutationObserver(place).observe(document.body, { childList: true, subtree: true });
