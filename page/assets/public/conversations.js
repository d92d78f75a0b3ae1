// The conversations: the button that saves the one on the page, and a page whose conversation was deleted elsewhere.
const { say } = window.pagewise;
const currentId = () => window.location.pathname.match(/^\/thread\/([\w-]+)$/)?.[1];

window.addEventListener('message', ({ data, origin }) => {
  if (origin === window.location.origin && data?.pwDeleted && data.pwDeleted === currentId()) window.location.assign('/');
});

const save = document.createElement('a');
save.id = 'pw-save';
save.textContent = say('save');
save.title = say('save.title');
save.download = '';

// Chainlit draws its header anew at times.
const place = () => {
  const id = currentId();
  const readme = document.getElementById('readme-button');
  if (!id || !readme) return save.remove();
  save.href = `/conversations/${id}.md`;
  if (save.nextElementSibling !== readme) readme.before(save);
};
new MutationObserver(place).observe(document.body, { childList: true, subtree: true });
place();
