// Draws an incident's timeline as SVG: one lane for each tactic, time from left to right.
// <figure class="t-timeline" data-timeline="ID"> with the data in <script type="application/json" id="ID">.

interface Lane { readonly id: string; readonly label: string }
interface Mark { readonly at: string; readonly lane: string; readonly label: string; readonly level?: string; readonly href?: string }
interface Data { readonly label: string; readonly zone?: string; readonly lanes: readonly Lane[]; readonly marks: readonly Mark[] }
interface Spot { readonly x: number; readonly lane: number; readonly marks: Mark[] }

const LANE = 28, TOP = 22, LABEL = 168, RIGHT = 20, GRAIN = 12; // px; marks nearer than GRAIN become one
const LEVELS = ["informational", "low", "medium", "high", "critical"];
const MINUTE = 60_000, HOUR = 60 * MINUTE, DAY = 24 * HOUR;
const STEPS = [1000, 5000, 15_000, MINUTE, 5 * MINUTE, 15 * MINUTE, 30 * MINUTE, HOUR, 3 * HOUR, 6 * HOUR, 12 * HOUR, DAY, 7 * DAY, 30 * DAY, 365 * DAY];

/** Draws every timeline under `root`, and again whenever its width changes. */
export function drawTimelines(root: ParentNode): void {
  for (const figure of root.querySelectorAll<HTMLElement>("[data-timeline]")) {
    if (figure.querySelector("svg")) continue;
    const source = document.getElementById(figure.dataset["timeline"] ?? "");
    if (!source?.textContent) throw new Error(`timeline: no data in #${figure.dataset["timeline"]}`);
    const data = JSON.parse(source.textContent) as Data;
    draw(figure, data);
    let width = figure.clientWidth;
    new ResizeObserver(() => {
      if (figure.clientWidth === width) return;
      width = figure.clientWidth;
      draw(figure, data);
    }).observe(figure);
  }
}

function draw(figure: HTMLElement, data: Data): void {
  const width = Math.max(544, figure.clientWidth - 32);
  const height = TOP + data.lanes.length * LANE + 8;
  const svg = node("svg", { viewBox: `0 0 ${width} ${height}`, role: "img", "aria-label": data.label });
  const times = data.marks.map((mark) => Date.parse(mark.at)).filter((time) => !Number.isNaN(time));
  const from = Math.min(...times), to = Math.max(...times, from + 1000);
  const x = (time: number): number => LABEL + 12 + ((time - from) / (to - from)) * (width - LABEL - RIGHT - 12);
  if (times.length > 0) for (const tick of ticks(from, to, width)) svg.append(drawTick(x(tick.at), tick.text, height));
  const spots = gather(data, x);
  data.lanes.forEach((lane, row) => svg.append(drawLane(lane, row, width, spots.some((spot) => spot.lane === row))));
  for (const spot of spots) svg.append(drawSpot(spot));
  figure.querySelector("svg")?.remove();
  figure.prepend(svg);
}

/** Marks of one lane that would cover each other are drawn as one, with their number. */
function gather(data: Data, x: (time: number) => number): Spot[] {
  const spots = new Map<string, Spot>();
  const rows = new Map(data.lanes.map((lane, row) => [lane.id, row]));
  for (const mark of data.marks) {
    const lane = rows.get(mark.lane);
    const at = x(Date.parse(mark.at));
    if (lane === undefined || Number.isNaN(at)) continue;
    const key = `${lane}:${Math.floor(at / GRAIN)}`;
    const spot = spots.get(key);
    if (spot) spot.marks.push(mark);
    else spots.set(key, { x: at, lane, marks: [mark] });
  }
  return [...spots.values()];
}

function ticks(from: number, to: number, width: number): { at: number; text: string }[] {
  const room = Math.max(2, Math.floor((width - LABEL) / 110));
  const step = STEPS.find((size) => (to - from) / size <= room) ?? Math.ceil((to - from) / room / DAY) * DAY;
  const found: { at: number; text: string }[] = [];
  let day = "";
  for (let at = Math.ceil(from / step) * step; at <= to; at += step) {
    const iso = new Date(at).toISOString();
    const date = iso.slice(0, 10);
    const clock = step < MINUTE ? iso.slice(11, 19) : iso.slice(11, 16);
    found.push({ at, text: step >= DAY ? date : date === day ? `${clock}` : `${date.slice(5)} ${clock} UTC` });
    day = date;
  }
  return found;
}

function drawTick(x: number, text: string, height: number): SVGElement {
  const group = node("g", { class: "tick" });
  group.append(node("line", { x1: x, x2: x, y1: TOP - 4, y2: height - 4 }), node("text", { x, y: 12, "text-anchor": "middle" }, text));
  return group;
}

function drawLane(lane: Lane, row: number, width: number, used: boolean): SVGElement {
  const y = TOP + row * LANE + LANE / 2;
  const group = node("g", { class: "lane", "data-is": used ? "used" : "empty" });
  group.append(node("text", { x: 0, y: y + 4 }, lane.label), node("line", { x1: LABEL, x2: width, y1: y, y2: y }));
  return group;
}

function drawSpot(spot: Spot): SVGElement {
  const top = spot.marks.reduce((best, mark) => (rank(mark) > rank(best) ? mark : best));
  const y = TOP + spot.lane * LANE + LANE / 2;
  const count = spot.marks.length;
  const group = node(top.href ? "a" : "g", { class: "mark", "data-level": top.level ?? "low", ...(top.href ? { href: top.href } : {}) });
  const said = spot.marks.slice(0, 8).map((mark) => `${mark.at.slice(0, 19).replace("T", " ")} UTC  ${mark.label}`);
  if (count > said.length) said.push(`+ ${count - said.length}`);
  group.append(node("title", {}, said.join("\n")));
  group.append(node("circle", { cx: spot.x, cy: y, r: count > 1 ? 6.5 : 5 }));
  if (count > 1) group.append(node("text", { x: spot.x + 9, y: y - 4 }, String(count)));
  return group;
}

const rank = (mark: Mark): number => LEVELS.indexOf(mark.level ?? "low");

function node(name: string, attributes: Record<string, string | number>, text?: string): SVGElement {
  const element = document.createElementNS("http://www.w3.org/2000/svg", name);
  for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, String(value));
  if (text !== undefined) element.textContent = text;
  return element;
}
