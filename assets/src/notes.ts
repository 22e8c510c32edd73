// Writing a note beside others: saved without leaving the page, merged by the server, and kept in this browser until
// the server has confirmed it. A page that was open for two days, without a network or after its session ended, loses
// no word and says what to do.
import { addFiles } from "./note-files";
import { startPicker } from "./note-people";

const ASK = 20_000; // ms between two questions whether others changed the note
const PATIENCE = 30_000;
const OLDEST = 14 * 24 * 3600_000; // a draft that nobody came back for
const PREFIX = "tocsin-note:";

interface Draft { readonly title: string; readonly text: string; readonly base: number; readonly at: number; readonly key: string }
interface Saved { readonly state: "saved"; readonly revision: number; readonly title: string; readonly text: string; readonly at: string;
  readonly url: string; readonly save: string; readonly now: string; readonly html: string; readonly not_told: string[] }
interface Clash { readonly state: "clash"; readonly revision: number; readonly text: string; readonly title: string; readonly html: string }
interface Now { readonly revision: number; readonly by: string; readonly others: string[]; readonly title?: string; readonly text?: string }

/** Makes every note's form on the page an editor; `data-mention` says by itself that it was seen. */
export function startNotes(root: ParentNode): void {
  for (const form of root.querySelectorAll<HTMLFormElement>("form[data-note-editor]")) {
    if (form.dataset["started"]) continue;
    form.dataset["started"] = "yes";
    new Editor(form);
  }
  for (const form of root.querySelectorAll<HTMLFormElement>("form[data-mention]")) sawMention(form);
}

/** Whoever has read a page that mentions them for three seconds has seen it. */
function sawMention(form: HTMLFormElement): void {
  if (form.dataset["started"]) return;
  form.dataset["started"] = "yes";
  window.setTimeout(() => {
    if (document.visibilityState !== "visible" || !form.isConnected) return;
    void fetch(form.action, { method: "POST", body: new FormData(form), headers: { "X-Editor": "1", "HX-Request": "true" } });
  }, 3000);
}

class Editor {
  private readonly text: HTMLTextAreaElement;
  private readonly title: HTMLInputElement;
  private readonly page: HTMLElement;
  private base: number;
  private key: string;
  private stored = { title: "", text: "" };
  private savedAt = "";
  private saving = false;
  private signedOut = false;
  private later: "" | "stay" | "close" = "";
  private keeping = 0;
  private asked = 0;

  constructor(private readonly form: HTMLFormElement) {
    this.text = form.querySelector<HTMLTextAreaElement>("textarea[name=text]")!;
    this.title = form.querySelector<HTMLInputElement>("input[name=title]")!;
    this.page = form.closest<HTMLElement>("[data-alone]") ?? form;
    this.base = Number(form.dataset["base"] ?? "0");
    this.key = form.dataset["key"] ?? "";
    // A browser that fills in what it remembers would put an old text on top of a new revision.
    this.text.value = this.text.defaultValue;
    this.title.value = this.title.defaultValue;
    const settling = this.page.querySelector(".t-clash") !== null;
    this.stored = { title: this.title.value, text: settling ? "" : this.text.value };
    this.bring();
    form.addEventListener("input", () => this.changed());
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      void this.save(event.submitter?.hasAttribute("data-note-close") ? "close" : "stay");
    });
    form.addEventListener("keydown", (event) => {
      if ((event.ctrlKey || event.metaKey) && event.key.toLowerCase() === "s") { event.preventDefault(); void this.save("stay"); }
    });
    document.addEventListener("tocsin:changed", () => void this.ask());
    window.setInterval(() => void this.ask(), ASK);
    window.addEventListener("pagehide", () => this.keep());
    startPicker(this.text, form, () => this.changed());
    addFiles(this.text, form, { said: (words, bad) => this.say(words, bad), changed: () => this.changed(), token: () => this.token() });
    this.tell();
    void this.ask();
  }

  private words(name: string, fill: Record<string, string> = {}): string {
    return Object.entries(fill).reduce((text, [k, v]) => text.replace(`{${k}}`, () => v), this.form.getAttribute(`data-said-${name}`) ?? "");
  }

  private get dirty(): boolean {
    return this.text.value !== this.stored.text || this.title.value !== this.stored.title;
  }

  private changed(): void {
    this.tell();
    window.clearTimeout(this.keeping);
    this.keeping = window.setTimeout(() => this.keep(), 250);
  }

  // The draft: one for each open page, so that two tabs do not write over each other's.

  private get place(): string {
    return `${this.form.dataset["draft"] ?? ""}:${this.key}`;
  }

  private keep(): void {
    try {
      if (!this.dirty) { localStorage.removeItem(this.place); return; }
      if (this.text.value.length > 10 * Number(this.form.dataset["limit"] ?? "0")) return; // no browser keeps that much
      const draft: Draft = { title: this.title.value, text: this.text.value, base: this.base, at: Date.now(), key: this.key };
      localStorage.setItem(this.place, JSON.stringify(draft));
    } catch { /* no room in this browser: leaving the page asks first, as for every form with words in it */ }
  }

  /** Brings back what an earlier page held and never got saved; forgets what nobody came back for. */
  private bring(): void {
    let found: [string, Draft] | null = null;
    try {
      for (const name of Object.keys(localStorage)) {
        if (!name.startsWith(PREFIX)) continue;
        const draft = JSON.parse(localStorage.getItem(name) ?? "null") as Draft | null;
        if (!draft || Date.now() - draft.at > OLDEST) { localStorage.removeItem(name); continue; }
        if (!name.startsWith(`${this.form.dataset["draft"] ?? ""}:`)) continue;
        if (draft.text === this.text.value && draft.title === this.title.value) { localStorage.removeItem(name); continue; }
        if (!found || draft.at > found[1].at) found = [name, draft];
      }
    } catch { return; }
    if (!found) return;
    const [name, draft] = found;
    this.text.value = draft.text;
    this.title.value = draft.title;
    if (this.base) this.base = draft.base;
    else this.key = draft.key; // the page may have been sent, and its answer lost: the same note again
    if (name !== this.place) { this.keep(); localStorage.removeItem(name); }
    this.panel(this.note("soon", this.words("draft", { time: clockOf(draft.at, this.form) }), this.words("discard"), () => {
      localStorage.removeItem(this.place);
      this.text.value = this.text.defaultValue = this.stored.text;
      this.title.value = this.title.defaultValue = this.stored.title;
      window.location.reload();
    }));
  }

  // Saving.

  async save(then: "stay" | "close"): Promise<void> {
    if (this.saving) { this.later = then; return; }
    const size = new TextEncoder().encode(this.text.value).length;
    const limit = Number(this.form.dataset["limit"] ?? "0");
    if (size > limit) { this.say(this.words("large", { size: kilo(size), limit: kilo(limit) }), true); return; }
    this.keep();
    this.saving = true;
    this.say("", false);
    this.state(this.words("saving"), "busy");
    const sent = { title: this.title.value, text: this.text.value };
    try {
      await this.took(await this.send(sent, true), sent, then);
    } catch {
      this.say(this.words("offline"), true);
    } finally {
      this.saving = false;
    }
    const next = this.later;
    this.later = "";
    if (next && (this.dirty || next === "close")) void this.save(next);
    else this.tell();
  }

  private async send(sent: { title: string; text: string }, first: boolean): Promise<Response> {
    const body = new FormData(this.form);
    body.set("title", sent.title);
    body.set("text", sent.text);
    body.set("base", String(this.base));
    body.set("key", this.key);
    const answer = await fetch(this.form.action, {
      method: "POST", body, redirect: "manual", credentials: "same-origin", signal: AbortSignal.timeout(PATIENCE),
      headers: { Accept: "application/json", "X-Editor": "1", "HX-Request": "true" },
    });
    // A form from before the last sign-in: with the new session's token it is as good as new.
    return answer.status === 403 && first && (await this.token(true)) ? this.send(sent, false) : answer;
  }

  /** The form's token; `fresh` fetches the one of the session that this browser has now. Empty when there is none. */
  private async token(fresh = false): Promise<string> {
    const field = this.form.querySelector<HTMLInputElement>("[name=csrfmiddlewaretoken]");
    if (!fresh || !field) return field?.value ?? "";
    const answer = await fetch(window.location.href, { redirect: "manual", credentials: "same-origin" });
    this.signedOut = answer.type === "opaqueredirect";
    if (!answer.ok) return "";
    const page = new DOMParser().parseFromString(await answer.text(), "text/html");
    const found = page.querySelector<HTMLInputElement>("[name=csrfmiddlewaretoken]")?.value ?? "";
    if (found) field.value = found;
    return found;
  }

  private async took(answer: Response, sent: { title: string; text: string }, then: "stay" | "close"): Promise<void> {
    const json = answer.headers.get("Content-Type")?.includes("json");
    if (answer.type === "opaqueredirect" || answer.status === 401 || (answer.status === 403 && this.signedOut)) {
      this.say(this.words("signed-out"), true, this.form.dataset["signIn"]);
    } else if (answer.status === 404) this.say(this.words("gone"), true);
    else if (answer.status === 422 && json) this.settle((await answer.json()) as Clash);
    else if (answer.ok && json) this.confirmed((await answer.json()) as Saved, sent, then);
    else if (answer.status < 500) this.say(answer.headers.get("X-Said") ?? (await answer.text()).slice(0, 500), true);
    else this.say(this.words("failed"), true);
  }

  private confirmed(saved: Saved, sent: { title: string; text: string }, then: "stay" | "close"): void {
    const wroteOn = this.text.value !== sent.text;
    const old = this.place;
    if (!wroteOn) replace(this.text, saved.text);
    if (this.title.value === sent.title) this.title.value = saved.title;
    // While somebody wrote on, the merged text waits for the next save: the server knows what this page sent.
    if (!wroteOn || saved.text === sent.text) this.base = saved.revision;
    this.store(wroteOn ? { title: saved.title, text: sent.text } : { title: saved.title, text: saved.text });
    this.savedAt = saved.at;
    this.moveTo(saved);
    try { localStorage.removeItem(old); } catch { /* there was none */ }
    this.keep();
    this.panel(saved.html, saved.not_told.length ? this.note("soon", this.words("not-told", { who: saved.not_told.join(", ") })) : null);
    if (then === "close" && !this.dirty) window.location.assign(saved.url);
  }

  /** A new note has an address from its first save on. */
  private moveTo(saved: Saved): void {
    this.form.action = `${saved.save}?incident=${this.form.dataset["incident"] ?? ""}`;
    this.form.dataset["now"] = saved.now;
    if (this.form.dataset["url"]) return;
    this.form.dataset["url"] = saved.url;
    this.form.dataset["draft"] = (this.form.dataset["draft"] ?? "").replace(/new$/, saved.url.split("/").pop() ?? "");
    window.history.replaceState(null, "", `${saved.url}/edit`);
  }

  private settle(clash: Clash): void {
    replace(this.text, clash.text);
    this.base = clash.revision;
    this.store({ title: "", text: "" });
    this.panel(clash.html);
    this.keep();
    this.page.querySelector(".t-clash")?.scrollIntoView({ block: "start" });
  }

  private store(as: { title: string; text: string }): void {
    this.stored = as;
    this.text.defaultValue = as.text;
    this.title.defaultValue = as.title;
  }

  // What others do meanwhile.

  private async ask(): Promise<void> {
    const now = this.form.dataset["now"];
    if (!now || document.visibilityState !== "visible" || this.saving || Date.now() - this.asked < 1000) return;
    this.asked = Date.now();
    try {
      const answer = await fetch(`${now}?have=${this.base}&writing=${this.dirty ? "1" : ""}`, { redirect: "manual", credentials: "same-origin" });
      if (answer.ok && !this.saving) this.heard((await answer.json()) as Now);
    } catch { /* the next save says that there is no network */ }
  }

  private heard(now: Now): void {
    const others = this.page.querySelector<HTMLElement>("[data-note-others]");
    if (others) {
      others.hidden = now.others.length === 0;
      others.textContent = this.words("writing", { who: now.others.join(", ") });
    }
    if (now.revision <= this.base || now.text === undefined) return;
    const fill = { who: now.by, revision: String(now.revision) };
    if (this.dirty) {
      if (!this.page.querySelector(".t-clash")) this.panel(this.note("soon", this.words("newer", fill)));
      return;
    }
    replace(this.text, now.text);
    this.title.value = now.title ?? this.title.value;
    this.base = now.revision;
    this.store({ title: this.title.value, text: this.text.value });
    this.panel(this.note("act", this.words("taken", fill)));
    this.tell();
  }

  // What the page says.

  private tell(): void {
    if (this.saving) return;
    if (this.dirty) this.state(this.words("dirty"), "dirty");
    else if (this.savedAt) this.state(this.words("saved", { time: this.savedAt, revision: String(this.base) }), "saved");
    else this.state(this.words(this.base ? "untouched" : "new", { revision: String(this.base) }), "saved");
  }

  private state(words: string, is: string): void {
    const place = this.form.querySelector<HTMLElement>("[data-note-state]");
    if (!place || (place.textContent === words && place.dataset["is"] === is)) return;
    place.textContent = words;
    place.dataset["is"] = is;
  }

  private say(words: string, bad: boolean, link?: string): void {
    const place = this.form.querySelector<HTMLElement>("[data-error]");
    if (!place) return;
    place.hidden = !words;
    place.textContent = words;
    place.dataset["is"] = bad ? "late" : "act";
    if (!link) return;
    const way = document.createElement("a");
    way.href = link;
    way.target = "_blank";
    way.textContent = this.words("sign-in");
    place.append(" ", way);
  }

  private note(is: string, words: string, act = "", does?: () => void): HTMLElement {
    const note = document.createElement("div");
    note.className = "t-note";
    note.dataset["is"] = is;
    const said = document.createElement("span");
    said.textContent = words;
    note.append(said);
    if (does) {
      const button = document.createElement("button");
      button.type = "button";
      button.className = "t-btn t-push";
      button.textContent = act;
      button.addEventListener("click", does);
      note.append(button);
    }
    return note;
  }

  private panel(...shown: (string | HTMLElement | null)[]): void {
    const place = this.page.querySelector<HTMLElement>("[data-note-panel]");
    if (!place) return;
    const parts = shown.flatMap((one) => {
      if (typeof one !== "string") return one ? [one] : [];
      return [...new DOMParser().parseFromString(one, "text/html").body.children];
    });
    place.replaceChildren(...parts);
  }
}

/** Another text in the field; the caret stays where it was, as far as the text before it is the same. */
function replace(field: HTMLTextAreaElement, text: string): void {
  if (field.value === text) return;
  const { selectionStart, selectionEnd, scrollTop, value } = field;
  const grown = text.length - value.length;
  const before = text.startsWith(value.slice(0, selectionStart));
  field.value = text;
  field.setSelectionRange(before ? selectionStart : selectionStart + grown, before ? selectionEnd : selectionEnd + grown);
  field.scrollTop = scrollTop;
}

const kilo = (bytes: number): string => (bytes / 1000).toFixed(bytes < 1_000_000 ? 1 : 0);

/** A time in the zone that the person chose, as everywhere on the page. */
function clockOf(at: number, form: HTMLFormElement): string {
  return new Intl.DateTimeFormat(document.documentElement.lang || "en", {
    hour: "2-digit", minute: "2-digit", hourCycle: "h23", timeZoneName: "short", timeZone: form.dataset["zone"] || "UTC",
    ...(Math.abs(Date.now() - at) > 20 * 3600_000 ? { day: "numeric", month: "short" } : {}),
  }).format(new Date(at));
}
