// Who has the incident open now: faces in the log's head, drawn anew when the server says that somebody came or went.

export interface Faces { readonly faces: readonly { readonly name: string; readonly here: boolean }[]; readonly more: number }

export function showFaces({ faces, more }: Faces): void {
  for (const row of document.querySelectorAll<HTMLElement>("[data-faces]")) {
    const most = Number(row.dataset["most"] ?? "6");
    const shown = faces.slice(0, most).map(({ name, here }) => face(name, here));
    const rest = faces.length - shown.length + more;
    if (rest > 0) shown.push(disc(`+${rest}`));
    row.replaceChildren(...shown);
  }
  for (const list of document.querySelectorAll<HTMLElement>("[data-here-list]")) {
    list.replaceChildren(...faces.map(({ name, here }) => line(name, here, list.dataset["away"] ?? "")));
  }
}

function line(name: string, here: boolean, away: string): HTMLElement {
  const item = document.createElement("li");
  item.className = "t-line";
  const word = document.createElement("span");
  word.textContent = name;
  item.append(face(name, here), word);
  if (!here) {
    const gone = document.createElement("span");
    gone.className = "t-mute t-push";
    gone.textContent = away;
    item.append(gone);
  }
  return item;
}

function face(name: string, here: boolean): HTMLElement {
  const found = disc(initials(name));
  found.title = name;
  found.dataset["here"] = here ? "" : "no";
  return found;
}

function disc(text: string): HTMLElement {
  const found = document.createElement("span");
  found.className = "t-face";
  found.textContent = text;
  return found;
}

/** As the filter `initials` of the server does: of the first and the last word; titles and particles do not count. */
function initials(name: string): string {
  const words = name.replaceAll("@", " ").split(/\s+/).filter((word) => /^\p{L}/u.test(word) && !word.endsWith("."));
  const large = words.filter((word) => /^\p{Lu}/u.test(word));
  const used = large.length > 0 ? large : words;
  const first = used[0]?.[0] ?? "?";
  return (first + (used.length > 1 ? (used[used.length - 1]?.[0] ?? "") : "")).toUpperCase();
}
