// The list of people that opens after an @ in a note: those on the incident first, chosen by key, click or tap.

interface Person { readonly key: string; readonly name: string; readonly here: boolean }

const MOST = 6;
const WRITTEN = /(?:^|[^\w@./-])@"?([^\s@"]*(?: [^\s@"]*)?)$/;

/** Offers the people of `#note-people` while somebody types an @ and a name in the field. */
export function startPicker(field: HTMLTextAreaElement, form: HTMLFormElement, changed: () => void): void {
  const list = form.querySelector<HTMLElement>("[data-note-picker]");
  const people = JSON.parse(document.getElementById("note-people")?.textContent ?? "[]") as Person[];
  if (!list || people.length === 0) return;
  let found: Person[] = [];
  let at = 0;
  field.setAttribute("aria-autocomplete", "list");
  list.id = "note-picker";

  const close = (): void => {
    found = [];
    list.hidden = true;
    list.replaceChildren();
    field.removeAttribute("aria-activedescendant");
    field.removeAttribute("aria-controls");
  };
  const take = (person: Person): void => {
    const before = field.value.slice(0, field.selectionStart);
    const start = before.lastIndexOf("@");
    field.setRangeText(`@${person.key || `"${person.name}"`} `, start, field.selectionStart, "end");
    close();
    field.focus();
    changed();
  };
  const draw = (): void => {
    list.replaceChildren(...found.map((person, n) => {
      const row = document.createElement("div");
      row.id = `note-person-${n}`;
      row.setAttribute("role", "option");
      row.setAttribute("aria-selected", String(n === at));
      row.append(person.name);
      if (!person.here) {
        const small = document.createElement("small");
        small.textContent = form.getAttribute("data-said-not-here") ?? "";
        row.append(" ", small);
      }
      row.addEventListener("mousedown", (event) => { event.preventDefault(); take(person); });
      return row;
    }));
    list.hidden = found.length === 0;
    if (found.length === 0) { close(); return; }
    field.setAttribute("aria-controls", list.id);
    field.setAttribute("aria-activedescendant", `note-person-${at}`);
  };
  const look = (): void => {
    const typed = field.selectionStart === field.selectionEnd ? WRITTEN.exec(field.value.slice(0, field.selectionStart)) : null;
    if (!typed) { close(); return; }
    const said = (typed[1] ?? "").toLowerCase();
    const fits = people.filter((p) => p.name.toLowerCase().includes(said) || p.key.includes(said));
    const first = fits.filter((p) => ` ${p.name.toLowerCase()}`.includes(` ${said}`));
    found = [...first, ...fits.filter((p) => !first.includes(p))].slice(0, MOST);
    at = 0;
    draw();
  };
  field.addEventListener("input", look);
  field.addEventListener("click", look);
  field.addEventListener("blur", close);
  field.addEventListener("keydown", (event) => {
    if (found.length === 0) return;
    const chosen = found[at];
    if (event.key === "ArrowDown") at = (at + 1) % found.length;
    else if (event.key === "ArrowUp") at = (at + found.length - 1) % found.length;
    else if (event.key === "Escape") { event.stopPropagation(); close(); return; }
    else if ((event.key === "Enter" || event.key === "Tab") && chosen) { event.preventDefault(); take(chosen); return; }
    else return;
    event.preventDefault();
    draw();
  });
}
