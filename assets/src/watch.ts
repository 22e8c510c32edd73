// Keeps a page that speaks of many incidents up to date: it asks for a short mark, and looks again when that changed.
import { refresh } from "./live";

const EVERY = 5000; // ms; a page that nobody looks at asks nothing

/** Starts on pages whose body says where the mark is (`data-watch`). */
export function startWatch(): void {
  const url = document.body.dataset["watch"];
  if (!url) return;
  let seen: string | null = null;
  const ask = async (): Promise<void> => {
    if (document.visibilityState !== "visible") return;
    try {
      const answer = await fetch(url, { headers: { Accept: "application/json" }, credentials: "same-origin" });
      if (answer.redirected) { window.location.reload(); return; }
      if (!answer.ok) return;
      const { mark } = (await answer.json()) as { mark: string };
      if (seen !== null && mark !== seen) void refresh();
      seen = mark;
    } catch {
      // no network: the next round asks again
    }
  };
  void ask();
  window.setInterval(() => void ask(), EVERY);
  document.addEventListener("visibilitychange", () => void ask());
}
