// The islands of a page, mounted once and again on whatever htmx brings in.
import htmx from "htmx.org";
import { startActs } from "./acts";
import { startAlerts } from "./alerts";
import { startBoard } from "./board";
import { startClocks } from "./clock";
import { startFeed } from "./feed";
import { startKeyboard } from "./keyboard";
import { startLive } from "./live";
import { startNotes } from "./notes";
import { showCurrent } from "./rails";
import { startThemeToggle } from "./theme-toggle";
import { drawTimelines } from "./timeline";
import { startWatch } from "./watch";

// Views and tests speak to htmx by name; a bundled module would otherwise keep it to itself.
Object.assign(window, { htmx });

function mount(root: ParentNode): void {
  startThemeToggle(root);
  drawTimelines(root);
  startNotes(root);
}

document.addEventListener("DOMContentLoaded", () => {
  startClocks();
  startKeyboard();
  startActs();
  startFeed();
  startLive();
  startAlerts();
  startBoard();
  startWatch();
  mount(document);
  showCurrent();
});
document.addEventListener("htmx:load", (event) => {
  const { elt } = (event as CustomEvent<{ elt: unknown }>).detail;
  if (elt instanceof Element && elt !== document.body) mount(elt.parentElement ?? elt);
});
