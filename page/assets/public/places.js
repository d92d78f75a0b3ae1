// Where a model runs, by the address of its server; one without an address runs in the page's server.
const { say } = window.pagewise;

export const hostOf = (address) => (URL.canParse(address) ? new URL(address).hostname : address);
export const isHere = (address) => {
  const host = hostOf(address);
  return !host || host === 'localhost' || host === '[::1]' || /^127\./.test(host);
};
export const placeOf = ({ address }) =>
  isHere(address) ? say('models.machine') : say('models.leaves', { host: hostOf(address) });
