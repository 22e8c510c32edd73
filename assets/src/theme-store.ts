// Which theme this browser asked for, and putting it on the page.

export type Theme = "light" | "dark" | "auto";
const KEY = "tocsin.theme";

export function isTheme(value: unknown): value is Theme {
  return value === "light" || value === "dark" || value === "auto";
}

export function storedTheme(): Theme {
  try {
    const value = window.localStorage.getItem(KEY);
    return isTheme(value) ? value : "auto";
  } catch {
    return "auto"; // storage is switched off in this browser: follow the system
  }
}

/** Keeps the choice for the next page; false when this browser refuses to store anything. */
export function keepTheme(theme: Theme): boolean {
  try {
    window.localStorage.setItem(KEY, theme);
    return true;
  } catch {
    return false;
  }
}

export function applyTheme(theme: Theme): void {
  const dark = theme === "dark" || (theme === "auto" && window.matchMedia("(prefers-color-scheme: dark)").matches);
  document.documentElement.dataset["bsTheme"] = dark ? "dark" : "light";
}
