// All words of the reader and of the library, in one table: a language is a column more. Values stand in {braces}.
const TEXTS = {
  en: {
    page: 'page', slide: 'slide', sheet: 'sheet',
    pageOf: 'Page {page} of {count}',
    goToPage: 'Go to page',
    outline: 'Outline',
    zoomIn: 'Larger', zoomOut: 'Smaller', zoomFit: 'Fit the width',
    original: 'Original', read: 'As read', both: 'Side by side',
    view: 'What is shown',
    readMeaning: 'The text as search and model read it',
    download: 'Download',
    fullWidth: 'Open in full width',
    copyLink: 'Copy a link to this place', copied: 'Copied',
    close: 'Close',
    backToMark: 'Back to the passage',
    pageBefore: 'Page before', pageAfter: 'Page after',
    earlier: 'Show what comes before', later: 'Show what comes after',
    notOnPage: 'The passage is on this page, but its place can’t be shown: the page’s letters are part of a picture.',
    notExactly: 'The passage’s exact place on this page was not found.',
    notFound: 'This passage is not in the document any more, or is written otherwise now.',
    notDrawn: 'This page can’t be drawn.',
    noText: 'No text was read on this page.',
    failedToLoad: 'This could not be loaded: {reason}',

    library: 'Library', toChat: 'Back to the chat',
    search: 'Search by name or title',
    count: '{count} documents', countOne: '1 document', countOf: '{shown} of {count} documents',
    reading: 'reading', ready: 'ready', failed: 'not read',
    allStates: 'All', onlyReady: 'Ready', onlyReading: 'Being read', onlyFailed: 'Not read',
    state: 'State', folders: 'Folders', allFolders: 'All folders', topFolder: '(top folder)',
    name: 'Name', folder: 'Folder', type: 'Type', pages: 'Pages', date: 'Date', size: 'Size',
    add: 'Add documents', adding: 'Adding {name} …', added: '{name} was added.', dropHere: 'Drop files to add them',
    notAdded: '{name} was not added: {reason}',
    askOnly: 'Ask only these', askOnlyCount: 'Ask only these {count}', askAll: 'Ask all documents again',
    chosen: '{count} chosen', clear: 'Clear the choice', chooseAll: 'Choose all that are listed', choose: 'Choose {name}',
    tooMany: 'At most {count} documents can be chosen; choose a folder instead.',
    open: 'Read', remove: 'Remove', retry: 'Try again', retryAll: 'Try all again', retrying: 'They are read again.',
    removeTitle: 'Remove {name}?', removeTitleMany: 'Remove {count} documents?',
    removeText: 'The file is deleted from {folder}, for good.', cancel: 'Cancel', removed: '{name} was removed.',
    notRemoved: '{name} could not be removed: {reason}',
    password: 'Password', passwordHint: 'A password that opens encrypted documents. It is kept in passwords.txt beside the index, on this machine.',
    addPassword: 'Add and try again', passwordAdded: 'The password is kept; encrypted documents are read again.', passwordTitle: 'Encrypted documents',
    empty: 'No documents yet. Drop files here, or put them into {folder}.', nothing: 'No document fits.',
    copies: 'same content as {name}', versions: '{count} versions', version: 'another version of {name}',
    more: 'Actions for {name}', loading: 'Loading …', notReady: 'The library can’t be read: {reason}',
  },
};

export const language = [...navigator.languages].map((one) => one.slice(0, 2)).find((one) => TEXTS[one]) ?? 'en';

export const say = (key, values = {}) =>
  (TEXTS[language][key] ?? TEXTS.en[key]).replace(/\{(\w+)\}/g, (all, name) => values[name] ?? all);

export const count = (number) => number.toLocaleString(language);

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
