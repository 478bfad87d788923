// The map of ranks: this peer in the middle, its neighbours on rings, the nearest inside.

const SPACE = "http://www.w3.org/2000/svg";
const MOST_RINGS = 6;
const INNER = 92;
const OUTER = 262;

/** An element of SVG. */
export function draw(name, attributes, ...inside) {
  const element = document.createElementNS(SPACE, name);
  for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, value);
  element.append(...inside);
  return element;
}

/** Neighbours of all transfers shown, each once: [{peer, rank, has, down, up, relayed, path}]. */
export function neighbours(transfers) {
  const all = new Map();
  for (const transfer of transfers) {
    for (const one of transfer.neighbours) {
      const known = all.get(one["peer-id"]);
      const rank = [known?.rank, one.rank].filter((rank) => rank != null);
      all.set(one["peer-id"], {
        peer: one["peer-id"],
        rank: rank.length ? Math.min(...rank) : null,
        has: Math.max(known?.has ?? 0, one.has),
        down: (known?.down ?? 0) + one.downloaded,
        up: (known?.up ?? 0) + one.uploaded,
        relayed: one.relayed,
        path: one.path,
      });
    }
  }
  const place = (one) => one.rank ?? Infinity;
  return [...all.values()].sort((a, b) => place(a) - place(b) || (a.peer < b.peer ? -1 : 1));
}

/** Rings, the nearest first: [{name, ranks}]; who has no rank is on the last one. */
function rings(peers) {
  const ranks = [...new Set(peers.map((one) => one.rank).filter((rank) => rank != null))];
  const own = ranks.slice(0, MOST_RINGS - 1).map((rank) => ({ name: `rank ${rank}`, ranks: [rank] }));
  const rest = ranks.slice(MOST_RINGS - 1);
  if (rest.length) own.push({ name: rest.length > 1 ? `rank ${rest[0]}+` : `rank ${rest[0]}`, ranks: rest });
  if (peers.some((one) => one.rank == null)) own.push({ name: "unknown", ranks: [null], unknown: true });
  return own;
}

/** Width of a line for so many bytes. */
function width(bytes) {
  return bytes > 0 ? Math.min(9, 1.2 + Math.log2(1 + bytes / 65536) * 0.7) : 0;
}

let before = new Map();

/** Draws the map into an SVG element. */
export function paint(map, peers, bytes) {
  const shapes = [];
  const all = rings(peers);
  const step = all.length > 1 ? (OUTER - INNER) / (all.length - 1) : 0;
  const now = new Map();
  const lines = [], dots = [], names = [];
  all.forEach((ring, index) => {
    const radius = all.length > 1 ? INNER + step * index : 170;
    shapes.push(draw("circle", { class: ring.unknown ? "ring unknown" : "ring", r: radius, cx: 0, cy: 0 }));
    names.push(draw("rect", { class: "ring-back", x: -28, y: -radius - 8, width: 56, height: 16, rx: 8 }));
    names.push(draw("text", { class: "ring-name", x: 0, y: -radius + 4 }, ring.name));
    const here = peers.filter((one) => ring.ranks.includes(one.rank));
    here.forEach((one, place) => {
      // Each ring is turned a little, and its name on top stays free.
      const turn = (place + 0.3 + 0.13 * index) / here.length * 2 * Math.PI - Math.PI / 2;
      const [x, y] = [radius * Math.cos(turn), radius * Math.sin(turn)];
      const side = [-Math.sin(turn) * 3.5, Math.cos(turn) * 3.5];
      const last = before.get(one.peer);
      for (const [way, sign] of [["down", 1], ["up", -1]]) {
        const thick = width(one[way]);
        if (!thick) continue;
        const live = last && one[way] > last[way] ? " live" : "";
        lines.push(draw("line", {
          class: `flow ${way}${live}`, "stroke-width": thick.toFixed(1),
          x1: x + sign * side[0], y1: y + sign * side[1], x2: sign * side[0], y2: sign * side[1],
        }));
      }
      now.set(one.peer, one);
      dots.push(...dot(one, x, y, bytes));
    });
  });
  before = now;
  const self = [
    draw("circle", { class: "self", r: 24, cx: 0, cy: 0 }),
    draw("text", { class: "self-name", x: 0, y: 0 }, "you"),
  ];
  map.replaceChildren(...shapes, ...lines, ...names, ...dots, ...self);
}

/** One neighbour: a disc, and around it how much of the content it has. */
function dot(one, x, y, bytes) {
  const around = 2 * Math.PI * 11;
  const rank = one.rank == null ? "unknown rank" : `rank ${one.rank}`;
  const about = `${one.peer}\n${rank}${one.relayed ? ", by relay" : `, ${one.path}`}\nreceived ${bytes(one.down)}, sent ${bytes(one.up)}`;
  return [
    draw("circle", {
      class: one.relayed ? "peer relayed" : "peer", r: 11, cx: x, cy: y,
      "data-peer": one.peer, "data-rank": one.rank ?? "",
    }, draw("title", {}, about)),
    draw("circle", {
      class: "share", r: 11, cx: x, cy: y, "pointer-events": "none",
      "stroke-dasharray": `${(around * one.has).toFixed(1)} ${around.toFixed(1)}`,
      transform: `rotate(-90 ${x} ${y})`,
    }),
    draw("text", { class: "peer-name", x, y: y + 25 }, one.peer.slice(0, 6)),
  ];
}
