// What the reader and the library share: their texts, which the server put into the page, elements and addresses.
const texts = JSON.parse(document.body.dataset.texts);

export const language = document.documentElement.lang;
// A text by its key; values stand in {braces}.
export const say = (key, values = {}) => texts[key].replace(/\{(\w+)\}/g, (all, name) => values[name] ?? all);
export const count = (number) => number.toLocaleString(language);
export const sayCount = (key, number) => say(`${key}.${new Intl.PluralRules(language).select(number)}`, { n: count(number) });

export const make = (tag, attributes = {}, ...children) => {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (name.startsWith('on')) element.addEventListener(name.slice(2), value);
    else if (value !== false && value != null) element.setAttribute(name, value === true ? '' : value);
  }
  element.append(...children.filter((child) => child != null));
  return element;
};

// Where a proxy serves the page below a path of its own, all addresses begin with it.
export const prefix = new URL('..', import.meta.url).pathname.replace(/\/$/, '');
export const addressOf = (source) => source.split('/').map(encodeURIComponent).join('/');
