// Light or dark as the chat is, before anything is drawn. Chainlit keeps the choice under this name.
(() => {
  const chosen = localStorage.getItem('vite-ui-theme');
  const isDark = chosen === 'dark' || (chosen !== 'light' && matchMedia('(prefers-color-scheme: dark)').matches);
  document.documentElement.classList.toggle('dark', isDark);
  document.documentElement.classList.toggle('inside', window !== window.parent);
})();
