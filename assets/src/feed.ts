// The log in the room: new entries come in at the top as they are written, whatever is filtered, and a line says what is
// new since the person last looked.
import htmx from "htmx.org";

const MOST = 200; // entries that stay on the page; older ones are asked for
const LOOKED = "tocsin:looked:";

function feed(): HTMLElement | null {
  return document.querySelector<HTMLElement>("[data-feed]");
}

/** Puts the entries that are not there yet at their place; what the filter leaves out stays out. */
export function addEntries(html: string): void {
  const list = feed();
  if (!list || !html) return;
  const part = new DOMParser().parseFromString(`<ol>${html}</ol>`, "text/html");
  const fresh = [...part.querySelectorAll<HTMLElement>("li[data-seq]")].filter((one) => !document.getElementById(one.id) && fits(one));
  const top = Math.max(0, ...[...list.querySelectorAll<HTMLElement>("li[data-seq]")].map(number));
  const newer = fresh.filter((one) => number(one) > top).sort((a, b) => number(b) - number(a));
  list.prepend(...newer);
  if (top === 0) list.querySelector("li.t-older:not(:has(button))")?.remove();
  for (const extra of [...list.querySelectorAll("li[data-seq]")].slice(MOST)) extra.remove();
}

/** Asks for the feed anew: more was written than an event carries. */
export function catchUp(): void {
  const form = document.querySelector<HTMLFormElement>("[data-feed-filter]");
  if (form) htmx.trigger(form, "submit", {});
}

function number(entry: HTMLElement): number {
  return Number(entry.dataset["seq"] ?? "0");
}

function fits(entry: HTMLElement): boolean {
  const form = document.querySelector<HTMLFormElement>("[data-feed-filter]");
  if (!form) return true;
  const { kind, q } = Object.fromEntries(new FormData(form)) as { kind?: string; q?: string };
  const is = entry.dataset["kind"];
  if (kind === "" ? is === "system" : kind !== "all" && is !== kind) return false;
  return !q || (entry.textContent ?? "").toLowerCase().includes(q.toLowerCase());
}

/** Draws the line above what was there when the person last looked, and remembers what they have seen. */
export function startFeed(): void {
  const list = feed();
  if (!list) return;
  const key = LOOKED + (list.dataset["feed"] ?? "");
  const seen = Number(stored(key) ?? "0");
  const known = [...list.querySelectorAll<HTMLElement>("li[data-seq]")].find((one) => number(one) <= seen);
  if (seen && known?.previousElementSibling) {
    const line = document.createElement("li");
    line.className = "t-newline";
    line.textContent = list.dataset["newline"] ?? "";
    known.before(line);
  }
  const remember = (): void => {
    const newest = list.querySelector<HTMLElement>("li[data-seq]");
    if (newest && document.visibilityState === "hidden") store(key, String(Math.max(seen, number(newest))));
  };
  document.addEventListener("visibilitychange", remember);
  window.addEventListener("pagehide", () => {
    const newest = list.querySelector<HTMLElement>("li[data-seq]");
    if (newest) store(key, String(Math.max(seen, number(newest))));
  });
}

function stored(key: string): string | null {
  try { return window.localStorage.getItem(key); } catch { return null; }
}

function store(key: string, value: string): void {
  try { window.localStorage.setItem(key, value); } catch { /* a browser that keeps nothing draws no line */ }
}
