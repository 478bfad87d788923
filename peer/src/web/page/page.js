// What a running peer does, once a second, and its limits.

import { draw, neighbours, paint } from "/map.js";
import { bytes, put } from "/parts.js";
import { show_transfers } from "/transfers.js";

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

function tell(state, text) {
  document.body.dataset.state = state;
  put(at("notice"), text);
}

function show_neighbours(transfers) {
  const shown = transfers.filter((one) => !chosen || one["content-id"] === chosen);
  const peers = neighbours(shown);
  const [only] = shown;
  const by = { map: "by the ISP's map", "stale-map": "by a map grown old", ecs: "by the ISP's answers", score: "by score alone", unis: "by your ISP" };
  const ranked = shown.length === 1 ? by[only["ranked-by"]] : null;
  put(at("map-note"), [`${peers.length}`, ranked].filter(Boolean).join(", ranked "));
  paint(at("map"), peers, bytes);
  const rows = peers.map((one) => [
    one.rank == null ? "–" : String(one.rank), `${one.peer.slice(0, 16)} (${one.path})`,
    `${Math.round(one.has * 100)} %`, bytes(one.down), bytes(one.up),
  ]);
  fill(at("peers"), rows, peers);
}

/** The rows of a table; those that are there stay, and say something else. */
function fill(body, rows, peers) {
  while (body.rows.length > rows.length) body.deleteRow(-1);
  rows.forEach((cells, place) => {
    const row = body.rows[place] ?? body.insertRow();
    cells.forEach((text, column) => put(row.cells[column] ?? row.insertCell(), text));
    row.cells[1].title = peers[place].peer;
  });
  at("nobody").hidden = rows.length > 0;
}

/** How many there are, and, of several, how to look at one. */
function count(transfers) {
  if (transfers.length < 2) return transfers.length ? "1" : "";
  return `${transfers.length}; choose one to see its neighbours alone`;
}

function choose(content) {
  chosen = chosen === content ? null : content;
  look();
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
    put(at("identity"), `${status["peer-id"].slice(0, 16)}…${user} at ${status.provider}, port ${status.port}`);
    if (chosen && !status.transfers.some((one) => one["content-id"] === chosen)) chosen = null;
    put(at("transfers-note"), count(status.transfers));
    show_transfers([at("transfers"), at("hashing")], status, chosen, choose);
    show_neighbours(status.transfers);
    show_rates(status.transfers);
    if (!edited) show_limits(await ask("/api/limits"), () => edited);
    tell("live", status["waits-for"].map((what) => `Waits for ${what}.`).join(" "));
  } catch (error) {
    if (error.message === "locked") return tell("locked", "This page needs its key: open the address that `peer status` prints.");
    tell("away", "The peer does not answer; trying again. Once it was started anew, `peer status` prints its address.");
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
  const from = now.chosen.length ? `set here or by command: ${now.chosen.join(", ")}` : "as the settings say";
  put(at("limits-from"), now.window ? `${from}; now ${day(now.window)}` : from);
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
for (const what of ["input", "change"]) at("limits").addEventListener(what, () => { edited = true; });
at("reset").addEventListener("click", () => change(() => ask("/api/limits", "DELETE")));

for (;;) {
  await look();
  await new Promise((done) => setTimeout(done, LOOK_MS));
}
