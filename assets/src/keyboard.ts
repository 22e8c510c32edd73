// The few keys a page knows: "/" goes to the search field, Escape leaves it or closes an open menu.

export function isWriting(target: EventTarget | null): boolean {
  return target instanceof HTMLElement && (target.isContentEditable || /^(INPUT|TEXTAREA|SELECT)$/.test(target.tagName));
}

export function startKeyboard(): void {
  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    if (event.key === "/" && !isWriting(event.target)) {
      const search = document.querySelector<HTMLInputElement>("[data-search]");
      if (!search) return;
      event.preventDefault();
      search.focus();
      search.select();
    } else if (event.key === "Escape") {
      if (event.target instanceof HTMLElement && event.target.matches("[data-search]")) event.target.blur();
      closeMenus(null);
    }
  });
  document.addEventListener("click", (event) => closeMenus(event.target instanceof Node ? event.target : null));
}

/** Closes every open menu that does not contain `inside`; one closed from within gives focus back to its button. */
function closeMenus(inside: Node | null): void {
  for (const menu of document.querySelectorAll<HTMLDetailsElement>("details.t-menu[open]")) {
    if (inside && menu.contains(inside)) continue;
    const hadFocus = menu.contains(document.activeElement);
    menu.open = false;
    if (hadFocus) menu.querySelector("summary")?.focus();
  }
}
