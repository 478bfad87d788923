// What a running peer does, once a second, and its limits.

import { draw, neighbours, paint } from "/map.js";

const LOOK_MS = 1000;
const SILENCE_MS = 5000;
const REMEMBERED = 90;
const at = (id) => document.getElementById(id);
const key = take_key();
const past = { down: [], up: [] };
let chosen = null;
let limits = null;
let edited = false;

/** The key stands behind `#`; it is kept for this tab and leaves the address. */
function take_key() {
  const given = location.hash.slice(1);
  if (/^[0-9a-f]{32}$/.test(given)) {
    sessionStorage.setItem("key", given);
    history.replaceState(null, "", "/");
  }
  return sessionStorage.getItem("key") ?? "";
}

async function ask(path, method = "GET", body) {
  const headers = { Authorization: `Bearer ${key}` };
  if (body) headers["Content-Type"] = "application/json";
  const signal = AbortSignal.timeout(SILENCE_MS);
  const answer = await fetch(path, { method, headers, signal, body: body && JSON.stringify(body) });
  if (answer.status === 401) throw new Error("locked");
  const told = await answer.text();
  if (!answer.ok) throw new Error(wrong(told));
  return JSON.parse(told);
}

function wrong(told) {
  try { return JSON.parse(told).error ?? told; } catch { return told; }
}

function bytes(count) {
  const units = ["B", "KiB", "MiB", "GiB", "TiB"];
  let unit = 0;
  while (count >= 1024 && unit < units.length - 1) { count /= 1024; unit += 1; }
  return `${unit === 0 || count >= 100 ? Math.round(count) : count.toFixed(1)} ${units[unit]}`;
}

function make(name, attributes, ...inside) {
  const element = document.createElement(name);
  for (const [attribute, value] of Object.entries(attributes)) element.setAttribute(attribute, value);
  element.append(...inside);
  return element;
}

function tell(state, text) {
  document.body.dataset.state = state;
  at("notice").hidden = !text;
  at("notice").textContent = text ?? "";
}

function show_transfers(transfers, hashing) {
  const count = transfers.length;
  at("transfers-note").textContent = count ? String(count) : "";
  const empty = make("p", { class: "empty" }, "Nothing is shared or fetched yet: `peer share FILE`, `peer get NAME`.");
  const had_focus = document.activeElement?.dataset?.content;
  const works = hashing.map((work) => make("p", { class: "empty" },
    `hashing ${work.path}: ${bytes(work.done)} of ${bytes(work.size)}`));
  at("transfers").replaceChildren(...works, ...(count ? transfers.map(card) : works.length ? [] : [empty]));
  if (had_focus) document.querySelector(`[data-content="${had_focus}"]`)?.focus();
}

function card(transfer) {
  const part = transfer.size ? transfer.have / transfer.size : 1;
  const fill = make("i", {});
  fill.style.width = `${(part * 100).toFixed(1)}%`;
  const facts = [`${bytes(transfer.have)} of ${bytes(transfer.size)}`, `${(part * 100).toFixed(part < 1 ? 1 : 0)} %`];
  const left = transfer["down-rate"] > 0 ? (transfer.size - transfer.have) / transfer["down-rate"] : 0;
  if (transfer.state === "fetching" && left > 0) facts.push(`${time(left)} left`);
  facts.push(`${transfer.neighbours.length} of ${transfer.members} peers`);
  const line = facts.map((fact) => make("span", {}, fact));
  if (transfer["down-rate"]) line.push(make("span", { class: "down" }, `↓ ${bytes(transfer["down-rate"])}/s`));
  if (transfer["up-rate"]) line.push(make("span", { class: "up" }, `↑ ${bytes(transfer["up-rate"])}/s`));
  if (transfer.message) line.push(make("span", { class: "message" }, transfer.message));
  const button = make("button", {
    type: "button", class: "transfer", "data-content": transfer["content-id"],
    "aria-pressed": String(chosen === transfer["content-id"]),
  },
    make("div", { class: "top" },
      make("span", { class: "title", title: transfer.title }, transfer.title),
      make("span", { class: `state ${transfer.state}` }, transfer.state)),
    make("div", { class: "bar", role: "progressbar", "aria-valuenow": Math.round(part * 100) }, fill),
    make("div", { class: "facts" }, ...line));
  const mix = from_where(transfer["by-rank"]);
  if (mix) button.append(mix);
  button.addEventListener("click", () => {
    chosen = chosen === transfer["content-id"] ? null : transfer["content-id"];
    look();
  });
  return button;
}

/** Shares of the bytes received by distance, the nearest darkest. */
function from_where(shares) {
  const all = shares.reduce((sum, share) => sum + share.bytes, 0);
  if (!all) return null;
  const parts = shares.map((share, index) => {
    const part = make("i", { title: `${share.rank == null ? "unknown distance" : `rank ${share.rank}`}: ${(share.bytes / all * 100).toFixed(0)} %` });
    part.style.flex = String(share.bytes / all);
    part.style.opacity = String(Math.max(0.2, 1 - index * 0.25));
    return part;
  });
  return make("div", { class: "mix" }, ...parts);
}

function time(seconds) {
  if (seconds < 60) return `${Math.ceil(seconds)} s`;
  if (seconds < 3600) return `${Math.floor(seconds / 60)} min ${Math.round(seconds % 60)} s`;
  return `${Math.floor(seconds / 3600)} h ${Math.floor(seconds % 3600 / 60)} min`;
}

function show_neighbours(transfers) {
  const shown = transfers.filter((one) => !chosen || one["content-id"] === chosen);
  const peers = neighbours(shown);
  const [only] = shown;
  const by = { map: "by the ISP's map", "stale-map": "by a map grown old", ecs: "by the ISP's answers", score: "by score alone", unis: "by your ISP" };
  const ranked = shown.length === 1 ? by[only["ranked-by"]] : null;
  at("map-note").textContent = [`${peers.length}`, ranked].filter(Boolean).join(", ranked ");
  paint(at("map"), peers, bytes);
  const rows = peers.map((one) => make("tr", {},
    make("td", {}, one.rank == null ? "–" : String(one.rank)),
    make("td", { title: one.peer }, one.peer.slice(0, 16) + ` (${one.path})`),
    make("td", {}, `${Math.round(one.has * 100)} %`),
    make("td", {}, bytes(one.down)), make("td", {}, bytes(one.up))));
  const none = make("tr", {}, make("td", { colspan: "5" }, "nobody yet"));
  at("peers").replaceChildren(...(rows.length ? rows : [none]));
}

function show_rates(transfers) {
  for (const way of ["down", "up"]) {
    const rate = transfers.reduce((sum, one) => sum + one[`${way}-rate`], 0);
    at(`rate-${way}`).textContent = `${bytes(rate)}/s`;
    past[way].push(rate);
    past[way].splice(0, past[way].length - REMEMBERED);
    const most = Math.max(...past[way], 1);
    const point = (rate, index) => `${(120 - (past[way].length - 1 - index) * 120 / (REMEMBERED - 1)).toFixed(1)},${(31 - 29 * rate / most).toFixed(1)}`;
    const points = past[way].map(point);
    const begin = points[0].split(",")[0];
    at(`spark-${way}`).replaceChildren(
      draw("path", { class: "body", d: `M${begin},32 L${points.join(" L")} L120,32 Z` }),
      draw("path", { class: "edge", d: `M${points.join(" L")}` }));
  }
}

async function look() {
  try {
    const status = await ask("/api/status");
    const user = status["user-id"] ? ` of ${status["user-id"]}` : "";
    at("identity").textContent = `${status["peer-id"].slice(0, 16)}…${user} at ${status.provider}, port ${status.port}`;
    if (chosen && !status.transfers.some((one) => one["content-id"] === chosen)) chosen = null;
    show_transfers(status.transfers, status.hashing);
    show_neighbours(status.transfers);
    show_rates(status.transfers);
    if (!edited) show_limits(await ask("/api/limits"), () => edited);
    tell("live", status["waits-for"].map((what) => `Waits for ${what}.`).join(" "));
  } catch (error) {
    if (error.message === "locked") return tell("locked", "This page needs its key: open the address that `peer status` prints.");
    tell("away", "The peer does not answer; trying again.");
  }
}

/** What its user is writing stays. */
function show_limits(now, is_kept = () => false) {
  if (is_kept()) return;
  limits = now.limits;
  for (const input of at("limits").elements) {
    if (!input.name) continue;
    const value = limits[input.name];
    if (input.name === "window") input.value = value.map(day).join("; ");
    else input.value = Array.isArray(value) ? value.join(", ") : value;
  }
  at("limits-from").textContent = now.chosen.length ? `set here or by command: ${now.chosen.join(", ")}` : "as the settings say";
  at("reset").disabled = !now.chosen.length;
}

function day(one) {
  return `${one.from}-${one.to}=${one["up-kbps"]},${one["down-kbps"]}`;
}

/** What stands between semicolons, each as `peer limits --window` takes it. */
function days(text) {
  return text.split(";").map((one) => one.trim()).filter(Boolean).map((one) => {
    const read = /^([0-9]{1,2}:[0-9]{2})\s*-\s*([0-9]{1,2}:[0-9]{2})\s*=\s*([0-9]+)\s*,\s*([0-9]+)$/.exec(one);
    if (!read) throw new Error(`${one} is not of the form 22:00-06:00=UP,DOWN`);
    return { from: read[1], to: read[2], "up-kbps": Number(read[3]), "down-kbps": Number(read[4]) };
  });
}

function wanted(form) {
  const wanted = { ...limits };
  for (const input of form.elements) {
    if (!input.name) continue;
    const numbers = () => input.value.split(",").map((text) => text.trim()).filter(Boolean).map(Number);
    if (input.name === "window") wanted.window = days(input.value);
    else wanted[input.name] = input.type === "number" ? Number(input.value) : numbers();
  }
  return wanted;
}

/** What was not changed here stays as it is by now: a command may have changed it meanwhile. */
async function merged(form) {
  const mine = wanted(form);
  const now = (await ask("/api/limits")).limits;
  const is_changed = (name) => JSON.stringify(mine[name]) !== JSON.stringify(limits[name]);
  for (const name of Object.keys(mine)) if (is_changed(name)) now[name] = mine[name];
  return now;
}

async function change(how) {
  const note = at("limits-note");
  try {
    show_limits(await how());
    edited = false;
    note.className = "";
    note.value = "in force";
  } catch (error) {
    note.className = "bad";
    note.value = error.message;
  }
}

at("limits").addEventListener("submit", (event) => {
  event.preventDefault();
  change(async () => ask("/api/limits", "PUT", await merged(event.target)));
});
at("limits").addEventListener("input", () => { edited = true; });
at("reset").addEventListener("click", () => change(() => ask("/api/limits", "DELETE")));

for (;;) {
  await look();
  await new Promise((done) => setTimeout(done, LOOK_MS));
}
