// The list of transfers. Each keeps its place in the document while it goes on, so that who uses the page by keyboard, or
// hears it read, stays where he is.

import { bytes, make, put } from "/parts.js";

/** What is shown of each transfer, by its content. */
const cards = new Map();

/** Shows transfers in `list`, and what is being hashed in `works`; `chosen`: the content whose neighbours alone are shown. */
export function show_transfers([list, works], { transfers, hashing }, chosen, choose) {
  const told = hashing.map((work) => `hashing ${work.path}: ${bytes(work.done)} of ${bytes(work.size)}`);
  if (!told.length && !transfers.length) told.push("Nothing is shared or fetched yet: `peer share FILE`, `peer get NAME`.");
  works.replaceChildren(...told.map((text) => make("p", { class: "empty" }, text)));
  const here = new Set(transfers.map((transfer) => transfer["content-id"]));
  for (const content of cards.keys()) if (!here.has(content)) cards.delete(content);
  const shown = transfers.map((transfer) => {
    const content = transfer["content-id"];
    if (!cards.has(content)) cards.set(content, card(content, choose));
    const known = cards.get(content);
    change(known, transfer, chosen === content);
    return known.whole;
  });
  if (shown.length === list.children.length && shown.every((one, place) => one === list.children[place])) return;
  const focused = document.activeElement;
  list.replaceChildren(...shown);
  if (focused?.isConnected) focused.focus({ preventScroll: true });
}

/** An empty one. */
function card(content, choose) {
  const title = make("button", { type: "button", class: "title", dir: "auto", "data-content": content });
  title.addEventListener("click", () => choose(content));
  const state = make("span", { class: "state" });
  const fill = make("i", {});
  const bar = make("div", { class: "bar", role: "progressbar", "aria-valuemin": "0", "aria-valuemax": "100" }, fill);
  const facts = make("div", { class: "facts" });
  const mix = make("div", { class: "mix" });
  const whole = make("li", { class: "transfer" }, make("div", { class: "top" }, title, state), bar, facts, mix);
  return { whole, title, state, fill, bar, facts, mix };
}

function change(card, transfer, is_chosen) {
  card.whole.classList.toggle("chosen", is_chosen);
  card.title.setAttribute("aria-pressed", String(is_chosen));
  // What has not changed since is left as it is: there may be a thousand.
  const now = JSON.stringify(transfer);
  if (card.now === now) return;
  card.now = now;
  put(card.title, transfer.title);
  card.title.title = transfer.title;
  card.state.className = `state ${transfer.state}`;
  put(card.state, transfer.state);
  const part = transfer.size ? transfer.have / transfer.size : 1;
  card.fill.style.width = `${(part * 100).toFixed(1)}%`;
  card.bar.setAttribute("aria-valuenow", Math.round(part * 100));
  card.bar.setAttribute("aria-label", transfer.title);
  card.facts.replaceChildren(...facts(transfer, part));
  card.mix.replaceChildren(...from_where(transfer["by-rank"]));
}

function facts(transfer, part) {
  const facts = [`${bytes(transfer.have)} of ${bytes(transfer.size)}`, `${(part * 100).toFixed(part < 1 ? 1 : 0)} %`];
  const left = transfer["down-rate"] > 0 ? (transfer.size - transfer.have) / transfer["down-rate"] : 0;
  if (transfer.state === "fetching" && left > 0) facts.push(`${time(left)} left`);
  const linked = transfer.neighbours.length;
  facts.push(`${linked} of ${Math.max(transfer.members - 1, linked)} others`);
  const line = facts.map((fact) => make("span", {}, fact));
  if (transfer["down-rate"]) line.push(make("span", { class: "down" }, `↓ ${bytes(transfer["down-rate"])}/s`));
  if (transfer["up-rate"]) line.push(make("span", { class: "up" }, `↑ ${bytes(transfer["up-rate"])}/s`));
  if (transfer.message) line.push(make("span", { class: "message" }, transfer.message));
  return line;
}

/** Shares of the bytes received by distance, the nearest darkest. */
function from_where(shares) {
  const all = shares.reduce((sum, share) => sum + share.bytes, 0);
  if (!all) return [];
  return shares.map((share, index) => {
    const about = `${share.rank == null ? "unknown distance" : `rank ${share.rank}`}: ${(share.bytes / all * 100).toFixed(0)} %`;
    const part = make("i", { title: about, role: "img", "aria-label": about });
    part.style.flex = String(share.bytes / all);
    part.style.opacity = String(Math.max(0.2, 1 - index * 0.25));
    return part;
  });
}

function time(seconds) {
  if (seconds < 60) return `${Math.ceil(seconds)} s`;
  if (seconds < 3600) return `${Math.floor(seconds / 60)} min ${Math.round(seconds % 60)} s`;
  return `${Math.floor(seconds / 3600)} h ${Math.floor(seconds % 3600 / 60)} min`;
}
