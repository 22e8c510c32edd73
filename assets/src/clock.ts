// Ticks the clocks of a page: countdowns and "since" dials, rings, and the wall clock in the top bar.
// The page carries the server's time (an exercise's may run faster), so a wrong laptop clock does no harm.
import { sayDuration } from "./time";

const RING = 94.2; // circumference of r = 15, as drawn in components/ring.html

interface Source {
  readonly server: number; // ms since epoch, when the page was written
  readonly local: number; // performance.now() at load: unaffected by changes of the laptop's clock
  readonly speed: number;
}

function readSource(): Source {
  const root = document.documentElement.dataset;
  const server = Date.parse(root["now"] ?? "");
  return {
    server: Number.isNaN(server) ? Date.now() : server,
    local: performance.now(),
    speed: Number(root["speed"] ?? "1"),
  };
}

/** Says a countdown or a since-dial, in the page's own language. */
function tickDial(time: HTMLTimeElement, now: number): void {
  const at = Date.parse(time.dataset["due"] ?? "");
  if (Number.isNaN(at)) return;
  const seconds = (at - now) / 1000;
  if (time.dataset["kind"] === "since") {
    write(time, sayDuration(Math.min(0, seconds)));
    return;
  }
  const late = seconds <= 0;
  write(time, late ? (time.dataset["late"] ?? "%s").replace("%s", sayDuration(seconds)) : sayDuration(seconds));
  if (late && time.dataset["state"] !== "late") time.dataset["state"] = "late";
}

/** Draws what is left of a running ring; a ring that passes its deadline takes the late shape. */
function tickRing(ring: SVGElement, now: number): void {
  const due = Date.parse(ring.dataset["due"] ?? "");
  const start = Date.parse(ring.dataset["start"] ?? "");
  const state = ring.dataset["state"];
  if (Number.isNaN(due) || Number.isNaN(start) || (state !== "run" && state !== "soon")) return;
  if (now >= due) {
    ring.dataset["state"] = "late";
    ring.setAttribute("aria-label", ring.dataset["late"] ?? "");
    const disc = shape("circle", { class: "disc", cx: "18", cy: "18", r: "16" });
    ring.replaceChildren(disc, shape("path", { class: "mark", d: "M18 10v9M18 24v.5" }));
    return;
  }
  const left = Math.min(1, (due - now) / Math.max(1, due - start));
  ring.querySelector(".left")?.setAttribute("stroke-dasharray", `${(left * RING).toFixed(1)} ${RING}`);
}

function tickWall(time: HTMLTimeElement, now: number): void {
  const zone = time.dataset["zone"] ?? "UTC";
  const options: Intl.DateTimeFormatOptions = { hour: "2-digit", minute: "2-digit", hourCycle: "h23", timeZone: zone };
  write(time, new Intl.DateTimeFormat("en-GB", options).format(now));
}

function shape(name: string, attributes: Record<string, string>): SVGElement {
  const element = document.createElementNS("http://www.w3.org/2000/svg", name);
  for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, value);
  return element;
}

function write(element: Element, text: string): void {
  if (element.textContent !== text) element.textContent = text;
}

export function startClocks(): void {
  const source = readSource();
  const tick = (): void => {
    const now = source.server + (performance.now() - source.local) * source.speed;
    for (const time of document.querySelectorAll<HTMLTimeElement>("time[data-due]")) tickDial(time, now);
    for (const time of document.querySelectorAll<HTMLTimeElement>("time[data-kind='wall']")) tickWall(time, now);
    for (const ring of document.querySelectorAll<SVGElement>("svg.t-ring[data-due]")) tickRing(ring, now);
  };
  tick();
  window.setInterval(tick, 1000);
  document.addEventListener("htmx:load", tick);
  document.addEventListener("tocsin:changed", tick); // what was drawn a moment ago for somebody else shows its age
}
