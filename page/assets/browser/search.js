// Semantic search in the page: the question is embedded here, by the same model as the server's, and compared with all
// passages. What happens is written into the log, in English, with the seconds since the start.
const MOST_HITS = 8;
const find = (id) => document.getElementById(id);
// As in the reader and the library, whose scripts "pagewise serve" doesn't have.
const texts = JSON.parse(document.body.dataset.texts);
const language = document.documentElement.lang;
const say = (key, values = {}) => texts[key].replace(/\{(\w+)\}/g, (all, name) => values[name] ?? all);
const count = (number) => number.toLocaleString(language);
const sayCount = (key, number) => say(`${key}.${new Intl.PluralRules(language).select(number)}`, { n: count(number) });
const sessions = {};
let ort, tokenizer, corpus, backend;

function log(sentence) {
  find("log").textContent += `${(performance.now() / 1000).toFixed(2).padStart(7)} s  ${sentence}\n`;
}

function tell(sentence, isWrong = false) {
  find("state").textContent = sentence;
  find("state").className = isWrong ? "wrong" : "";
  log(sentence);
}

async function time(work) {
  const began = performance.now();
  const value = await work();
  return [value, performance.now() - began];
}

function show(name, column, text) {
  find(name).cells[column].textContent = text;
}

// ---- what is downloaded once

async function download(path) {
  const reply = await fetch(path).catch(() => null);
  if (!reply) throw new Error(say("browser.unkept"));
  if (!reply.ok) {
    const said = await reply.text();
    const told = said.startsWith("{") ? JSON.parse(said) : { error: said };
    throw Object.assign(new Error(told.error), { folders: told.folders });
  }
  return reply.arrayBuffer();
}

async function loadCorpus() {
  const content = await download(`passages${location.search}`);
  const size = new DataView(content).getUint32(0, true);
  const told = JSON.parse(new TextDecoder().decode(new Uint8Array(content, 4, size)));
  told.vectors = widen(new Uint16Array(content, 4 + size));
  return told;
}

// Half precision to single precision, by a table of all 65,536 values.
function widen(halves) {
  const table = new Float32Array(65536);
  for (let bits = 0; bits < 65536; bits++) {
    const exponent = (bits >> 10) & 31;
    const part = bits & 1023;
    const size = exponent === 0 ? part * 2 ** -24 : (1 + part / 1024) * 2 ** (exponent - 15);
    table[bits] = bits & 0x8000 ? -size : size;
  }
  return Float32Array.from(halves, (bits) => table[bits]);
}

async function loadRuntime() {
  await download("runtime/ort.webgpu.min.mjs"); // says what to do where it is missing, which an import doesn't
  await download("runtime/tokenizers.min.mjs");
  ort = await import("./runtime/ort.webgpu.min.mjs");
  const { Tokenizer } = await import("./runtime/tokenizers.min.mjs");
  ort.env.wasm.wasmPaths = new URL("runtime/", location.href).href;
  ort.env.wasm.numThreads = crossOriginIsolated ? Math.min(4, navigator.hardwareConcurrency || 1) : 1;
  log(`Runtime loaded; ${ort.env.wasm.numThreads} thread(s), ${crossOriginIsolated ? "" : "not "}isolated.`);
  const told = JSON.parse(new TextDecoder().decode(await download(`model/${corpus.key}/tokenizer.json`)));
  tokenizer = new Tokenizer({ ...told, padding: null, truncation: null }, {});
}

// ---- the model

// Whether WebGPU is worth beginning with.
async function hasGpu() {
  if (!navigator.gpu) return log("This browser has no WebGPU here."), false;
  const adapter = await navigator.gpu.requestAdapter().catch(() => null);
  if (!adapter) return log("WebGPU has no adapter."), false;
  const { vendor, architecture, description } = adapter.info ?? {};
  log(`WebGPU's adapter: ${[vendor, architecture, description].filter(Boolean).join(", ") || "unnamed"}.`);
  const isSoftware = adapter.info?.isFallbackAdapter || /swiftshader|llvmpipe/i.test(architecture);
  if (isSoftware) log("It computes on the processor, where WASM is some fifty times as fast; so that begins.");
  return !isSoftware;
}

async function open(name) {
  if (!sessions[name]) {
    const model = await download(`model/${corpus.key}/model.onnx`);
    const data = await download(`model/${corpus.key}/model.onnx.data`);
    const options = { executionProviders: [name], externalData: [{ path: "model.onnx.data", data }] };
    const [session, load] = await time(() => ort.InferenceSession.create(model, options));
    sessions[name] = session;
    show(name, 1, `${load.toFixed(0)} ms`);
    const [, warm] = await time(() => embed("warm up", name));
    show(name, 2, `${warm.toFixed(0)} ms`);
    log(`${name}: the model was loaded in ${load.toFixed(0)} ms and warm after ${warm.toFixed(0)} ms.`);
    await compare(name);
  }
  backend = name;
  for (const input of document.getElementsByName("backend")) input.checked = input.value === name;
}

// The vector of a text, with norm 1. The model's own special tokens are among its tokens.
async function embed(text, name) {
  let { ids } = tokenizer.encode(text);
  if (ids.length > corpus.max_tokens) ids = [...ids.slice(0, corpus.max_tokens - 1), ids.at(-1)];
  const rows = { input_ids: ids, attention_mask: ids.map(() => 1), token_type_ids: ids.map(() => 0) };
  const session = sessions[name];
  const feeds = Object.fromEntries(
    session.inputNames.map((one) => [one, new ort.Tensor("int64", BigInt64Array.from(rows[one], BigInt), [1, ids.length])]),
  );
  const output = (await session.run(feeds))[session.outputNames[0]];
  return output.data.slice(0, corpus.dimensions);
}

// Whether browser and server make the same of a text: a cosine below .99 would find something else.
async function compare(name) {
  const text = "How often must the kettle be descaled, and how long are the holidays?";
  const call = { method: "POST", headers: { "content-type": "application/json" } };
  call.body = JSON.stringify({ model: corpus.model, input: text });
  const reply = await fetch("../v1/embeddings", call).catch(() => null);
  if (!reply?.ok) return show(name, 4, say("browser.unasked")), log("The server doesn't answer, so vectors weren't compared.");
  const theirs = (await reply.json()).data[0].embedding;
  const ours = await embed(corpus.prefixes.document + text, name);
  const [dot, mine, other] = ours.reduce(
    ([d, a, b], value, at) => [d + value * theirs[at], a + value * value, b + theirs[at] ** 2], [0, 0, 0]);
  const cosine = dot / Math.sqrt(mine * other);
  const told = { cosine: cosine.toFixed(4) };
  show(name, 4, cosine >= 0.99 ? say("browser.yes", told) : say("browser.no", told));
  log(`${name}: the cosine of its vector and the server's is ${cosine.toFixed(4)}.`);
}

// ---- the search

function rank(vector) {
  const { dimensions, vectors, passages } = corpus;
  const scores = passages.map((_, row) => {
    let sum = 0;
    for (let at = 0, place = row * dimensions; at < dimensions; at++) sum += vector[at] * vectors[place + at];
    return sum;
  });
  const order = scores.map((_, row) => row).sort((a, b) => scores[b] - scores[a]);
  const seen = new Set();
  const first = order.filter((row) => !seen.has(passages[row][3]) && seen.add(passages[row][3])).slice(0, MOST_HITS);
  return first.map((row) => [scores[row], ...passages[row]]);
}

async function ask(question) {
  const [vector, embedding] = await time(() => embed(corpus.prefixes.query + question, backend));
  const [hits, ranking] = await time(() => rank(vector));
  show(backend, 3, `${embedding.toFixed(0)} ms`);
  const times = { time: embedding + ranking, embedding, ranking };
  for (const [name, ms] of Object.entries(times)) times[name] = ms.toFixed(0);
  tell(say("browser.found", { passages: sayCount("passages", hits.length), backend, all: count(corpus.passages.length), ...times }));
  find("hits").replaceChildren(...hits.map(makeHit));
}

// Where a source is read: in the reader, at the passage, or as a file from a server that has no reader.
function findAddress(source, page, ordinal) {
  const path = source.split("/").map(encodeURIComponent).join("/");
  if (corpus.has_reader) return `../read/${path}?${page ? `page=${page}&` : ""}passage=${ordinal}`;
  return `../corpus/${path}${page ? `#page=${page}` : ""}`;
}

function makeHit([score, source, page, section, text, ordinal]) {
  const item = document.createElement("li");
  const link = document.createElement("a");
  link.href = findAddress(source, page, ordinal);
  link.target = "_blank";
  link.textContent = page ? `${source}, ${say("place.page", { number: page })}` : source;
  const place = document.createElement("small");
  place.textContent = ` ${[section, score.toFixed(2)].filter(Boolean).join(" · ")}`;
  const words = document.createElement("p");
  words.textContent = text;
  words.tabIndex = 0;
  item.append(link, place, words);
  return item;
}

// ---- the page

function fail(error) {
  tell(error.message, true);
  find("hits").replaceChildren(
    ...(error.folders ?? []).map((folder) => {
      const item = document.createElement("li");
      const link = document.createElement("a");
      link.href = folder;
      link.textContent = decodeURIComponent(folder.split("=").pop());
      item.append(link);
      return item;
    }),
  );
}

async function work(task) {
  const parts = [find("question"), find("ask"), find("backends")];
  for (const part of parts) part.disabled = true;
  try {
    await task();
  } catch (error) {
    fail(error);
  }
  for (const part of parts) part.disabled = !backend;
}

async function keepForLater() {
  if (!navigator.serviceWorker) return log("Nothing is kept for later: that needs https, or this machine's own address.");
  await navigator.serviceWorker.register("offline.js");
  await navigator.serviceWorker.ready;
  if (!navigator.serviceWorker.controller)
    await new Promise((done) => navigator.serviceWorker.addEventListener("controllerchange", done, { once: true }));
  log("What is downloaded from now on is kept, for when there is no network.");
}

async function openFirst() {
  if (await hasGpu()) {
    try {
      return await open("webgpu");
    } catch (error) {
      log(`WebGPU can't run the model (${error.message}).`);
    }
  }
  await open("wasm");
}

find("form").addEventListener("submit", (event) => {
  event.preventDefault();
  const question = find("question").value.trim();
  if (question) work(() => ask(question));
});
find("backends").addEventListener("change", (event) => {
  const before = backend;
  work(async () => {
    try {
      await open(event.target.value);
      tell(say("browser.switched", { backend }));
    } catch (error) {
      for (const input of document.getElementsByName("backend")) input.checked = input.value === before;
      throw new Error(say("browser.unable", { backend: event.target.value, reason: error.message, before }));
    }
  });
});
work(async () => {
  await keepForLater();
  corpus = await loadCorpus();
  log(`${corpus.passages.length.toLocaleString("en")} passages loaded, with vectors by ${corpus.model} (${corpus.precision}).`);
  if (!corpus.passages.length) throw new Error(say("browser.empty"));
  await loadRuntime();
  await openFirst();
  tell(say("browser.ready", { passages: sayCount("passages", corpus.passages.length), backend }));
});
