// The three buttons light, dark, auto in the menu.
import { applyTheme, isTheme, keepTheme, storedTheme } from "./theme-store";

export function startThemeToggle(root: ParentNode): void {
  for (const group of root.querySelectorAll<HTMLElement>("[data-theme-toggle]")) {
    if (group.dataset["themeToggle"] === "on") continue;
    group.dataset["themeToggle"] = "on";
    show(group, storedTheme());
    group.addEventListener("click", (event) => {
      const button = event.target instanceof Element ? event.target.closest<HTMLElement>("[data-theme]") : null;
      const theme = button?.dataset["theme"];
      if (!isTheme(theme)) return;
      keepTheme(theme);
      applyTheme(theme);
      show(group, theme);
    });
  }
}

function show(group: HTMLElement, theme: string): void {
  for (const button of group.querySelectorAll<HTMLElement>("[data-theme]")) {
    button.setAttribute("aria-pressed", String(button.dataset["theme"] === theme));
  }
}
