// The pages of a PDF: pictures that are fetched as they come into sight, with the quote marked and letters to select.
import { addressOf, make, prefix, say } from '../own.js';

const WIDTHS = [500, 700, 1000, 1400, 2000, 2800];
const FARTHEST = 4;
const measure = document.createElement('canvas').getContext('2d');
measure.font = '100px sans-serif';

export class Pages {
  constructor(root, data, source, fetchJson) {
    Object.assign(this, { root, source, fetchJson });
    this.data = data;
    this.page = Math.min(Math.max(data.page, 1), data.sizes.length);
    this.count = data.sizes.length;
    this.factor = 1;
    this.layouts = new Map([[data.layout.page, data.layout]]);
    this.onPage = () => {};
    this.widest = Math.max(...data.sizes.map(([width]) => width));
    this.leaves = data.sizes.map((_, index) => make('section', { class: 'leaf', 'data-page': index + 1, 'aria-label': say('reader.page.of', { page: index + 1, count: this.count }) }));
  }

  begin() {
    this.root.append(...this.leaves);
    this.fit();
    this.openMark();
    this.seen = new IntersectionObserver((entries) => entries.forEach((entry) => this.#turn(entry)), { root: this.root, rootMargin: '300px 0px' });
    this.leaves.forEach((leaf) => this.seen.observe(leaf));
    this.#draw(this.leaves[this.page - 1]);
    this.root.addEventListener('scroll', () => this.#notePage(), { passive: true });
    new ResizeObserver(() => this.fit()).observe(this.root);
  }

  // Lay the pages out for the width that there is; what is in the middle stays there.
  fit() {
    const room = this.root.clientWidth - 16;
    if (room <= 0 || this.laidFor === `${room} ${this.factor}`) return;
    this.laidFor = `${room} ${this.factor}`;
    const leaf = this.leaves[this.page - 1];
    const share = leaf.offsetHeight ? (this.root.scrollTop - leaf.offsetTop) / leaf.offsetHeight : null;
    const points = Math.min(room / this.widest, 1.6) * this.factor;
    this.leaves.forEach((one, index) => {
      const [width, height] = this.data.sizes[index];
      one.style.width = `${Math.round(width * points)}px`;
      one.style.height = `${Math.round(height * points)}px`;
      if (one.childElementCount) this.#refresh(one);
    });
    if (share !== null) this.root.scrollTop = leaf.offsetTop + share * leaf.offsetHeight;
  }

  zoom(by) {
    this.factor = by ? Math.min(Math.max(this.factor * by, 0.3), 6) : 1;
    this.fit();
  }

  open(number) {
    this.page = Math.min(Math.max(number, 1), this.count);
    this.root.scrollTop = this.leaves[this.page - 1].offsetTop - 8;
    this.onPage(this.page);
  }

  openMark() {
    const leaf = this.leaves[this.data.layout.page - 1];
    if (!leaf) return;
    const [mark] = this.data.layout.marks;
    this.root.scrollTop = mark ? leaf.offsetTop + mark[1] * leaf.offsetHeight - this.root.clientHeight * 0.3 : leaf.offsetTop - 8;
    if (mark) this.root.scrollLeft = Math.max(0, mark[0] * leaf.offsetWidth - 24);
  }

  #notePage() {
    const middle = this.root.scrollTop + this.root.clientHeight * 0.4;
    let number = this.page;
    while (number < this.count && this.leaves[number].offsetTop <= middle) number += 1;
    while (number > 1 && this.leaves[number - 1].offsetTop > middle) number -= 1;
    if (number === this.page) return;
    this.page = number;
    this.onPage(number);
  }

  #turn({ isIntersecting, target }) {
    if (isIntersecting) this.#draw(target);
    else if (Math.abs(target.dataset.page - this.page) > FARTHEST) target.replaceChildren();
  }

  #pictureOf(leaf) {
    const wanted = leaf.offsetWidth * window.devicePixelRatio;
    const width = WIDTHS.find((one) => one >= wanted) ?? WIDTHS.at(-1);
    return `${prefix}/reading/picture/${addressOf(this.source)}?page=${leaf.dataset.page}&width=${width}&of=${this.data.stamp}`;
  }

  #draw(leaf) {
    if (leaf.childElementCount) return;
    const picture = make('img', { src: this.#pictureOf(leaf), alt: '', decoding: 'async' });
    picture.addEventListener('error', () => picture.replaceWith(make('p', { class: 'failed' }, say('reader.undrawn'))));
    leaf.append(picture);
    this.#lay(leaf);
  }

  #refresh(leaf) {
    const picture = leaf.querySelector('img');
    const address = this.#pictureOf(leaf);
    if (picture && picture.getAttribute('src') !== address) picture.src = address;
    leaf.querySelector('.letters')?.remove();
    this.#lay(leaf);
  }

  async #lay(leaf) {
    const number = Number(leaf.dataset.page);
    if (!this.layouts.has(number)) this.layouts.set(number, await this.fetchJson('layout', `?page=${number}`).catch(() => ({ runs: [], marks: [] })));
    const { runs, marks } = this.layouts.get(number);
    if (!leaf.childElementCount || leaf.querySelector('.letters')) return;
    if (marks.length && !leaf.querySelector('.marks')) leaf.append(this.#mark(marks));
    const letters = make('div', { class: 'letters' });
    const [across, down] = [leaf.offsetWidth, leaf.offsetHeight];
    for (const [x, y, width, height, words] of runs) {
      const run = make('span', {}, words);
      const size = Math.max(height * down, 4);
      run.style.left = `${x * 100}%`;
      run.style.top = `${y * 100}%`;
      run.style.fontSize = `${size}px`;
      run.style.transform = `scaleX(${(width * across) / Math.max(1, (measure.measureText(words).width * size) / 100)})`;
      letters.append(run, document.createElement('br'));
    }
    leaf.append(letters);
  }

  #mark(marks) {
    const layer = make('div', { class: `marks${this.data.quote ? '' : ' passage'}` });
    for (const [x, y, width, height] of marks) {
      const box = make('i');
      Object.assign(box.style, { left: `${x * 100}%`, top: `${y * 100}%`, width: `${width * 100}%`, height: `${height * 100}%` });
      layer.append(box);
    }
    return layer;
  }
}
