// The Alerts page by keyboard: j and k go down and up, t, f and n choose a judgement, d declares. It looks for news itself.
import { isWriting } from "./keyboard";
import { refresh } from "./live";

const LOOK = 15_000; // ms; the list has no event stream of its own

export function startAlerts(): void {
  const page = document.querySelector("[data-alerts]");
  if (!page) return;
  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || isWriting(event.target)) return;
    if (event.key === "j" || event.key === "k") go(event.key === "j" ? 1 : -1);
    else if (!press(event.key)) return;
    event.preventDefault();
  });
  window.setInterval(() => { if (document.visibilityState === "visible") void refresh(); }, LOOK);
}

/** Opens the alert so many rows below the open one, or the first. */
function go(step: number): void {
  const rows = [...document.querySelectorAll<HTMLAnchorElement>(".t-alert")];
  const here = rows.findIndex((row) => row.hasAttribute("aria-current"));
  const next = rows[here < 0 ? 0 : Math.min(rows.length - 1, Math.max(0, here + step))];
  if (next && !next.hasAttribute("aria-current")) next.click();
}

/** Chooses the judgement or follows the link of this key; a judgement goes on to its reason, Enter sends it. */
function press(key: string): boolean {
  if (!/^[a-z]$/.test(key)) return false;
  const found = document.querySelector<HTMLElement>(`[data-alerts] [data-key="${key}"]`);
  if (!found) return false;
  found.click();
  if (found instanceof HTMLInputElement) found.form?.querySelector<HTMLInputElement>("[name=because]")?.focus();
  return true;
}
