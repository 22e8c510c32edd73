// Files that are dropped or pasted into a note go into custody as evidence; the note gets their numbers.

interface Taken { readonly items: { readonly name: string; readonly item: string }[] }
interface Place { said(words: string, bad: boolean): void; changed(): void; token(fresh?: boolean): Promise<string> }

/** Takes files from drop, paste and the form's file button. Without the right to take evidence there is none of it. */
export function addFiles(field: HTMLTextAreaElement, form: HTMLFormElement, place: Place): void {
  const url = form.dataset["upload"];
  const button = form.querySelector<HTMLInputElement>("[data-note-file]");
  if (!url) return;
  form.querySelector<HTMLElement>("[data-note-file-label]")?.removeAttribute("hidden");
  const take = async (files: readonly File[]): Promise<void> => {
    for (const file of files) await upload(file, url, field, form, place);
  };
  button?.addEventListener("change", () => { void take([...(button.files ?? [])]).then(() => { button.value = ""; }); });
  field.addEventListener("dragover", (event) => { if (event.dataTransfer?.types.includes("Files")) event.preventDefault(); });
  field.addEventListener("drop", (event) => {
    const files = [...(event.dataTransfer?.files ?? [])];
    if (files.length === 0) return;
    event.preventDefault();
    void take(files);
  });
  field.addEventListener("paste", (event) => {
    const files = [...(event.clipboardData?.files ?? [])];
    if (files.length === 0 || event.clipboardData?.types.includes("text/plain")) return;
    event.preventDefault();
    void take(files.map((file) => new File([file], pasted(file), { type: file.type })));
  });
}

/** Browsers call every pasted picture image.png: the time tells them apart. */
function pasted(file: File): string {
  return file.name === "image.png" ? `pasted-${new Date().toISOString().slice(0, 19).replaceAll(":", "")}Z.png` : file.name;
}

async function upload(file: File, url: string, field: HTMLTextAreaElement, form: HTMLFormElement, place: Place): Promise<void> {
  const words = (name: string, fill: Record<string, string>): string =>
    Object.entries(fill).reduce((text, [k, v]) => text.replace(`{${k}}`, () => v), form.getAttribute(`data-said-${name}`) ?? "");
  place.said(words("uploading", { name: file.name }), false);
  const body = new FormData();
  body.append("files", file);
  body.append("csrfmiddlewaretoken", await place.token());
  try {
    const answer = await fetch(url, {
      method: "POST", body, redirect: "manual", credentials: "same-origin",
      headers: { Accept: "application/json", "HX-Request": "true", "X-Editor": "1" },
    });
    if (!answer.ok || !answer.headers.get("Content-Type")?.includes("json")) {
      const said = answer.type === "opaqueredirect" ? words("signed-out", {}) : (await answer.text()).slice(0, 300);
      place.said(`${file.name}: ${said || words("failed", {})}`, true);
      return;
    }
    for (const { name, item } of ((await answer.json()) as Taken).items) {
      field.setRangeText(`${item} (${name}) `, field.selectionStart, field.selectionEnd, "end");
      place.said(words("taken-in", { name, item }), false);
    }
    place.changed();
  } catch {
    place.said(`${file.name}: ${words("offline", {})}`, true);
  }
}
