// Rails that scroll sideways on a phone (tabs, phases, parts of the plan) start where the current one can be seen.

export function showCurrent(): void {
  for (const rail of document.querySelectorAll<HTMLElement>(".t-tabs, .t-phase, .t-toc, .t-seg")) {
    const current = rail.querySelector<HTMLElement>("[aria-current]");
    if (!current || rail.scrollWidth <= rail.clientWidth) continue;
    rail.scrollLeft += current.getBoundingClientRect().left - rail.getBoundingClientRect().left - (rail.clientWidth - current.offsetWidth) / 2;
  }
}
