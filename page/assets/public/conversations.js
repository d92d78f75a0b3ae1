// The conversations: the button that saves the one on the page, and a page whose conversation was deleted elsewhere.
const { say } = window.pagewise;
// Where the page stands, and which conversation it shows.
const read = () => window.location.pathname.match(/^(.*)\/thread\/([\w-]+)$/)?.slice(1) ?? [];

// Chainlit gives a page its conversation's address only where its list stands beside the chat, and below no proxy's path.
const prefix = document.querySelector('meta[property="og:root_path"]')?.content ?? '';
export const giveAddress = (id) => {
  if (!id || read().length || (document.getElementById('thread-history') && !prefix)) return;
  window.history.replaceState(window.history.state, '', `${prefix}/thread/${id}`);
};

window.addEventListener('message', ({ data, origin }) => {
  const [home, id] = read();
  if (origin === window.location.origin && data?.pwDeleted && data.pwDeleted === id) window.location.assign(`${home}/`);
});

const save = document.createElement('a');
save.id = 'pw-save';
save.textContent = say('save');
save.title = say('save.title');
save.download = '';

// Chainlit draws its header anew at times.
const place = () => {
  const [home, id] = read();
  const readme = document.getElementById('readme-button');
  if (!id || !readme) return save.remove();
  save.href = `${home}/conversations/${id}.md`;
  if (save.nextElementSibling !== readme) readme.before(save);
};
new MutationObserver(place).observe(document.body, { childList: true, subtree: true });
place();
