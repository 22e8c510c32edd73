// Keeps a page up with the log: a server-sent event says that it grew, brings the new entries for the feed, and names
// what changed; a page that shows something of that is asked for again, and only what differs is changed. What a person
// has open or is writing stays as it is.
import htmx from "htmx.org";
import { Idiomorph } from "idiomorph/dist/idiomorph.esm.js";
import { addEntries, catchUp } from "./feed";
import { showFaces, type Faces } from "./presence";

const GENTLY = 1000; // ms between two looks: a playbook that starts writes a dozen entries at once
const FIRST_RETRY = 5000;
const LAST_RETRY = 60_000;
const EVERYTHING = "*";
/** What the bar and the tabs of every page show, and what only the log shows. */
const BAR = ["incident", "phase", "severity", "role", "roles", "task", "tasks", "decision", "clocks", "clock", "playbook",
  "paging", "page", "duty", "summary"];
let looking = false;
let again = false;
let planned = 0;
let seen = 0;

interface News { readonly length: number; readonly kinds: readonly string[]; readonly spread: number; readonly html: string }

/** Follows the log of the incident that this page shows; pages without one are left alone. */
export function startLive(): void {
  const url = document.body.dataset["live"];
  if (!url) return;
  seen = Number(document.body.dataset["after"] ?? "0");
  let source: EventSource | null = null;
  let wait = FIRST_RETRY;
  const open = (): void => {
    source?.close();
    source = new EventSource(`${url}?after=${seen}`);
    source.addEventListener("log", (event) => hear(JSON.parse((event as MessageEvent<string>).data) as News));
    source.addEventListener("here", (event) => showFaces(JSON.parse((event as MessageEvent<string>).data) as Faces));
    source.addEventListener("open", () => { wait = FIRST_RETRY; say("on"); });
    source.addEventListener("error", () => {
      say("off");
      if (source?.readyState !== EventSource.CLOSED) return;
      window.setTimeout(open, wait * (0.8 + 0.4 * Math.random()));
      wait = Math.min(2 * wait, LAST_RETRY);
    });
  };
  open();
  document.addEventListener("visibilitychange", () => {
    if (document.visibilityState === "visible" && source?.readyState !== EventSource.OPEN) open();
  });
  document.addEventListener("toggle", (event) => renew(event.target), true);
  window.addEventListener("pagehide", () => source?.close());
  window.addEventListener("pageshow", (event) => { if (event.persisted) open(); });
}

/** A panel that is opened again is asked for again, unless words stand in it: it may be hours old. */
function renew(fold: EventTarget | null): void {
  if (!(fold instanceof HTMLDetailsElement) || !fold.open) return;
  const panel = fold.querySelector<HTMLElement>("[data-panel]");
  if (panel?.closest("details") === fold && panel.querySelector("form, .t-panel") && !isWritten(panel)) htmx.trigger(panel, "again", {});
}

function hear(news: News): void {
  if (news.length <= seen) return;
  seen = news.length;
  const gap = news.kinds.includes(EVERYTHING);
  if (gap) catchUp();
  else addEntries(news.html);
  if (gap || concerns(news.kinds)) soon(news.spread);
}

/** Whether this page shows something of these kinds; one that does not say what it shows, shows everything. */
function concerns(kinds: readonly string[]): boolean {
  const shows = document.querySelector<HTMLElement>("[data-live-kinds]")?.dataset["liveKinds"];
  if (shows === undefined) return true;
  const wanted = new Set([...BAR, ...shows.split(" ")]);
  return kinds.some((kind) => wanted.has(kind));
}

/** Looks again within `spread` ms: where hundreds follow, they do not all ask in the same instant. */
function soon(spread: number): void {
  if (planned) return;
  planned = window.setTimeout(() => { planned = 0; void refresh(); }, Math.random() * spread);
}

function say(state: "on" | "off"): void {
  for (const place of document.querySelectorAll<HTMLElement>("[data-live-word]")) {
    const word = place.dataset[state === "on" ? "on" : "off"] ?? "";
    if (place.textContent !== word) place.textContent = word;
    place.dataset["is"] = state;
  }
}

/** Looks at the page again; calls that come while it looks become one more look. */
export async function refresh(): Promise<void> {
  if (looking) { again = true; return; }
  looking = true;
  try {
    const answer = await fetch(window.location.href, { headers: { Accept: "text/html", "X-Live": "1" }, credentials: "same-origin" });
    const elsewhere = answer.redirected && new URL(answer.url).pathname !== window.location.pathname;
    if (elsewhere || answer.status === 404) leave(); // signed out, or taken off this incident while it was open
    else if (answer.ok) change(new DOMParser().parseFromString(await answer.text(), "text/html"));
    else say("off");
  } catch {
    say("off"); // no network: the event stream says when it is back
  }
  window.setTimeout(() => {
    looking = false;
    if (again) { again = false; void refresh(); }
  }, GENTLY);
}

/** Where words were written they stay on the page, and it is said why they cannot be sent from here. */
function leave(): void {
  if (![...document.querySelectorAll("form[data-keep]")].some(isWritten)) { window.location.reload(); return; }
  say("off");
  const place = document.getElementById("messages");
  const words = document.body.dataset["signedOut"] ?? "";
  if (!place || place.textContent?.includes(words)) return;
  const note = document.createElement("p");
  note.className = "t-note";
  note.dataset["is"] = "late";
  note.textContent = words;
  place.replaceChildren(note);
}

function change(fresh: Document): void {
  addEntries(fresh.querySelector("[data-feed]")?.innerHTML ?? "");
  for (const old of document.querySelectorAll("[data-live-part]")) {
    const part = fresh.querySelector(`[data-live-part="${old.getAttribute("data-live-part") ?? ""}"]`);
    if (part) Idiomorph.morph(old, part, { ignoreActiveValue: true, callbacks: { beforeNodeMorphed: keep, beforeAttributeUpdated: mine } });
  }
  for (const panel of document.querySelectorAll<HTMLElement>("details[open] [data-panel]")) {
    if (!isWritten(panel)) htmx.trigger(panel, "again", {});
  }
  htmx.process(document.body);
  document.dispatchEvent(new Event("tocsin:changed"));
}

/** A form with words in it, a panel that was fetched when it was opened, and the feed are not touched. */
function keep(old: Node): boolean {
  if (!(old instanceof Element)) return true;
  if (old.matches("[data-panel]") && old.closest("details")?.open) return false;
  if (old.matches("[data-timeline]") && old.querySelector("svg")) return false;
  if (old.matches("[data-feed], [data-feed-filter], [data-here-menu], [data-alone]")) return false;
  return !(old instanceof HTMLFormElement && isWritten(old));
}

/** What the person set by hand is theirs: what is folded out, ticking clocks, what a field holds. */
function mine(name: string, node: Element): boolean {
  if (name === "open" && node instanceof HTMLDetailsElement) return false;
  return !(name === "data-is" && node.matches("[data-live-word]"));
}

export function isWritten(root: Element): boolean {
  for (const field of root.querySelectorAll<HTMLInputElement | HTMLTextAreaElement>("textarea, input:not([type=hidden], [type=submit])")) {
    if (field.type === "checkbox" || field.type === "radio") {
      if ((field as HTMLInputElement).checked !== (field as HTMLInputElement).defaultChecked) return true;
    } else if (field.value !== field.defaultValue) return true;
  }
  for (const choice of root.querySelectorAll("select")) {
    const first = [...choice.options].findIndex((option) => option.defaultSelected);
    if (choice.selectedIndex !== Math.max(0, first)) return true;
  }
  return false;
}
