// What happens after a person did something: done is said and the page looks again; refused is said beside the form.
import { isWritten, refresh } from "./live";

interface Said { readonly said?: string; readonly field?: string }

export function startActs(): void {
  document.addEventListener("tocsin:done", (event) => done(event.target, detail(event)));
  document.addEventListener("tocsin:invalid", (event) => refused(event.target, detail(event)));
  document.addEventListener("htmx:responseError", (event) => {
    const { xhr } = (event as CustomEvent<{ xhr: XMLHttpRequest }>).detail;
    if (xhr.status !== 422) refused(event.target, { said: xhr.getResponseHeader("X-Said") ?? words("failed") });
  });
  document.addEventListener("htmx:afterRequest", (event) => {
    // Who was signed out in the meantime is led to the sign-in page, which htmx follows without a word.
    const { xhr, requestConfig } = (event as CustomEvent<{ xhr: XMLHttpRequest; requestConfig: { verb: string } }>).detail;
    if (requestConfig.verb !== "get" && xhr.responseURL && new URL(xhr.responseURL).pathname.startsWith("/sign-in")) {
      refused(event.target, { said: words("signedOut") });
    }
  });
  document.addEventListener("htmx:sendError", (event) => refused(event.target, { said: words("offline") }));
  document.addEventListener("htmx:xhr:progress", (event) => {
    const { loaded, total } = (event as CustomEvent<{ loaded: number; total: number }>).detail;
    const bar = event.target instanceof Element ? event.target.querySelector("progress") : null;
    if (bar && total > 0) { bar.hidden = false; bar.value = (100 * loaded) / total; }
  });
  window.addEventListener("beforeunload", (event) => {
    if ([...document.querySelectorAll("form[data-keep]")].some(isWritten)) event.preventDefault();
  });
}

function detail(event: Event): Said {
  return (event as CustomEvent<Said>).detail ?? {};
}

function words(key: "failed" | "offline" | "signedOut"): string {
  return document.body.dataset[key] ?? "";
}

function done(target: EventTarget | null, { said }: Said): void {
  const form = formOf(target);
  if (form) {
    form.reset();
    mark(form, "", "");
    const fold = form.closest("details");
    const summary = fold?.querySelector("summary");
    if (fold?.open) { fold.open = false; summary?.focus(); }
  }
  tell(said ?? "");
  void refresh();
}

function refused(target: EventTarget | null, { said, field }: Said): void {
  const form = formOf(target);
  if (form) mark(form, said ?? "", field ?? "");
  else tell(said ?? "", "late");
}

/** Says beside the form what is wrong, and takes the person to the field that it is about. */
function mark(form: HTMLFormElement, said: string, field: string): void {
  let place = form.querySelector<HTMLElement>("[data-error]");
  if (!place) {
    place = document.createElement("p");
    place.className = "t-error";
    place.dataset["error"] = "";
    place.setAttribute("role", "alert");
    form.append(place);
  }
  place.textContent = said;
  for (const one of form.elements) {
    if (!(one instanceof HTMLElement) || !("name" in one)) continue;
    if (field && one.name === field) { one.setAttribute("aria-invalid", "true"); one.focus(); }
    else one.removeAttribute("aria-invalid");
  }
}

function tell(said: string, kind = "act"): void {
  const place = document.getElementById("messages");
  if (!place) return;
  const note = document.createElement("p");
  note.className = "t-note";
  note.dataset["is"] = kind;
  note.textContent = said;
  place.replaceChildren(...(said ? [note] : []));
}

/** The form that an act belongs to: itself, or the one around the button that was pressed. */
function formOf(target: EventTarget | null): HTMLFormElement | null {
  return target instanceof Element ? target.closest("form") : null;
}
