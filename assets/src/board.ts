// Cards of the board: keys while one has the focus, and dragging to a person or a state. Both send what the forms of the
// card's panel send; where words are needed (proof, what it waits for) they open that form instead. With a finger: hold.
import htmx from "htmx.org";

const FAR = 6; // px a mouse moves before it is a drag
const HOLD = 400; // ms a finger rests before it is one
const KEYS: Record<string, string> = { s: "start", d: "complete", b: "block", g: "assign" };
/** Which act a state means, and whether it needs words. */
const STATES: Record<string, { act: string; words: boolean }> = {
  doing: { act: "start", words: false }, blocked: { act: "block", words: true }, done: { act: "complete", words: true },
  open: { act: "reopen", words: true },
};

interface Drag { readonly card: HTMLElement; readonly ghost: HTMLElement; readonly dx: number; readonly dy: number; over: HTMLElement | null }
let drag: Drag | null = null;

export function startBoard(): void {
  document.addEventListener("keydown", onKey);
  document.addEventListener("pointerdown", onPress);
}

function cardOf(target: EventTarget | null): HTMLElement | null {
  const card = target instanceof Element ? target.closest<HTMLElement>("summary[data-task]") : null;
  return card?.closest("[data-moves]") ? card : null;
}

// Keys ------------------------------------------------------------------------------------------------

function onKey(event: KeyboardEvent): void {
  if (event.key === "Escape" && drag) { end(false); return; }
  const card = cardOf(event.target);
  if (!card || event.ctrlKey || event.metaKey || event.altKey) return;
  if (event.key.startsWith("Arrow")) { if (step(card, event.key)) event.preventDefault(); return; }
  const act = KEYS[event.key.toLowerCase()];
  if (!act) return;
  event.preventDefault();
  if (act === "start") send(card, act, {});
  else void ask(card, act);
}

/** Moves the focus: up and down within the window, left and right to the windows beside it. */
function step(card: HTMLElement, key: string): boolean {
  const pane = card.closest<HTMLElement>(".t-window, .t-tasklist");
  if (!pane) return false;
  const cards = (within: Element): HTMLElement[] => [...within.querySelectorAll<HTMLElement>("summary[data-task]")].filter((one) => one.offsetParent !== null);
  let to: HTMLElement | undefined;
  if (key === "ArrowUp" || key === "ArrowDown") {
    const own = cards(pane);
    to = own[own.indexOf(card) + (key === "ArrowDown" ? 1 : -1)];
  } else {
    const panes = [...(pane.parentElement?.children ?? [])].filter((one) => cards(one).length > 0);
    const beside = panes[panes.indexOf(pane) + (key === "ArrowRight" ? 1 : -1)];
    to = beside ? cards(beside)[0] : undefined;
  }
  to?.focus();
  return to !== undefined;
}

// Acts ------------------------------------------------------------------------------------------------

function send(card: HTMLElement, act: string, values: Record<string, string>): void {
  const board = card.closest<HTMLElement>("[data-moves]");
  const url = `${board?.dataset["moves"] ?? ""}${card.dataset["task"] ?? ""}/${act}?incident=${board?.dataset["incident"] ?? ""}`;
  card.dataset["sending"] = "";
  const over = (): void => { delete card.dataset["sending"]; };
  void htmx.ajax("post", url, { source: card, swap: "none", values: { revision: card.dataset["rev"] ?? "", ...values } }).then(over, over);
}

/** Opens the card's panel at the form of an act, with the focus in its first field. */
async function ask(card: HTMLElement, act: string): Promise<void> {
  const fold = card.closest("details");
  if (!fold) return;
  fold.open = true;
  const form = await found(() => fold.querySelector<HTMLFormElement>(`form[hx-post*="/${act}?"]`));
  if (!form) { card.focus(); return; }
  const inner = form.closest("details");
  if (inner && inner !== fold) inner.open = true;
  const field = form.querySelector<HTMLElement>("textarea, select, input:not([type=hidden])");
  (field ?? form.querySelector<HTMLElement>("button"))?.focus();
}

async function found<T>(look: () => T | null): Promise<T | null> {
  for (let tries = 0; tries < 40; tries += 1) {
    const it = look();
    if (it) return it;
    await new Promise((resolve) => { window.setTimeout(resolve, 50); });
  }
  return null;
}

// Dragging --------------------------------------------------------------------------------------------

function onPress(event: PointerEvent): void {
  const card = cardOf(event.target);
  if (!card || event.button !== 0 || drag || !card.closest("[data-moves]")?.querySelector("[data-drop]")) return;
  const { clientX: x, clientY: y, pointerId, pointerType } = event;
  let timer = 0;
  const stop = (): void => {
    window.clearTimeout(timer);
    document.removeEventListener("pointermove", move);
    document.removeEventListener("pointerup", up);
    document.removeEventListener("pointercancel", cancel);
    document.removeEventListener("touchmove", still);
  };
  const move = (now: PointerEvent): void => {
    if (now.pointerId !== pointerId) return;
    if (drag) { follow(now.clientX, now.clientY); now.preventDefault(); return; }
    if (Math.hypot(now.clientX - x, now.clientY - y) < FAR) return;
    if (pointerType === "mouse") begin(card, now.clientX, now.clientY); else stop(); // a finger that moves at once scrolls
  };
  const still = (now: TouchEvent): void => { if (drag) now.preventDefault(); };
  const up = (): void => { stop(); if (drag) { swallowClick(); end(true); } };
  const cancel = (): void => { stop(); end(false); };
  document.addEventListener("pointermove", move);
  document.addEventListener("pointerup", up);
  document.addEventListener("pointercancel", cancel);
  document.addEventListener("touchmove", still, { passive: false });
  if (pointerType !== "mouse") timer = window.setTimeout(() => begin(card, x, y), HOLD);
}

function begin(card: HTMLElement, x: number, y: number): void {
  const box = card.getBoundingClientRect();
  const ghost = card.cloneNode(true) as HTMLElement;
  ghost.classList.add("t-ghost");
  ghost.style.width = `${box.width}px`;
  document.body.append(ghost);
  card.dataset["dragged"] = "";
  document.body.dataset["dragging"] = "";
  drag = { card, ghost, dx: x - box.left, dy: y - box.top, over: null };
  follow(x, y);
}

function follow(x: number, y: number): void {
  if (!drag) return;
  drag.ghost.style.translate = `${x - drag.dx}px ${y - drag.dy}px`;
  const under = document.elementFromPoint(x, y)?.closest<HTMLElement>("[data-drop]") ?? null;
  const over = under && under !== drag.card.closest("[data-drop]") ? under : null;
  if (over === drag.over) return;
  if (drag.over) delete drag.over.dataset["over"];
  if (over) over.dataset["over"] = "";
  drag.over = over;
  if (y < 60) window.scrollBy(0, -20);
  if (y > window.innerHeight - 60) window.scrollBy(0, 20);
}

function end(dropped: boolean): void {
  if (!drag) return;
  const { card, ghost, over } = drag;
  drag = null;
  ghost.remove();
  delete card.dataset["dragged"];
  delete document.body.dataset["dragging"];
  if (over) delete over.dataset["over"];
  if (dropped && over) drop(card, over);
}

/** A press that ended a drag is no press on the card. */
function swallowClick(): void {
  const once = (event: Event): void => { event.preventDefault(); event.stopPropagation(); };
  document.addEventListener("click", once, { capture: true, once: true });
  window.setTimeout(() => document.removeEventListener("click", once, { capture: true }), 50);
}

function drop(card: HTMLElement, zone: HTMLElement): void {
  const [what, which] = (zone.dataset["drop"] ?? "").split(":");
  if (what === "member") { moved(card, zone); send(card, "assign", { member: which ?? "" }); return; }
  const state = STATES[which ?? ""];
  const ended = card.dataset["state"] === "done" || card.dataset["state"] === "skipped";
  if (!state || (which === "open" && !ended) || (ended && which !== "open")) { refuse(card); return; }
  if (state.words) void ask(card, state.act);
  else { moved(card, zone); send(card, state.act, {}); }
}

/** Shows the card where it was dropped; when that is refused, it goes back to where it came from, and says so. */
function moved(card: HTMLElement, zone: HTMLElement): void {
  const fold = card.closest("details");
  if (!fold) return;
  const { parentNode, nextSibling } = fold;
  zone.querySelector("header")?.after(fold);
  const back = (): void => {
    parentNode?.insertBefore(fold, nextSibling?.parentNode === parentNode ? nextSibling : null);
    refuse(card);
  };
  const stop = (): void => {
    for (const name of ["tocsin:invalid", "htmx:responseError", "htmx:sendError"]) card.removeEventListener(name, back);
  };
  for (const name of ["tocsin:invalid", "htmx:responseError", "htmx:sendError"]) card.addEventListener(name, back, { once: true });
  card.addEventListener("tocsin:done", stop, { once: true });
}

function refuse(card: HTMLElement): void {
  card.dataset["refused"] = "";
  window.setTimeout(() => { delete card.dataset["refused"]; }, 900);
}
