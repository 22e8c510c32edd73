// Sets the theme before the first paint. Loaded in the head, blocking and tiny, so that nothing flashes.
import { applyTheme, storedTheme } from "./theme-store";

applyTheme(storedTheme());
window.matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => applyTheme(storedTheme()));
