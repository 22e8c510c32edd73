// How Tocsin says a length of time; src/tocsin/web/timewords.py says it the same way (tests compare them).

const MINUTE = 60;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;
const two = (n: number): string => String(n).padStart(2, "0");

/** Seconds as people read them at a glance: 45 s, 3 min 20 s, 31 min, 1 h 09 min, 71 h 12 min, 5 d 03 h. */
export function sayDuration(seconds: number): string {
  const s = Math.floor(Math.abs(seconds));
  if (s < MINUTE) return `${s} s`;
  if (s < 5 * MINUTE) return `${Math.floor(s / MINUTE)} min ${two(s % MINUTE)} s`;
  if (s < HOUR) return `${Math.floor(s / MINUTE)} min`;
  if (s < 4 * DAY) return `${Math.floor(s / HOUR)} h ${two(Math.floor((s % HOUR) / MINUTE))} min`;
  return `${Math.floor(s / DAY)} d ${two(Math.floor((s % DAY) / HOUR))} h`;
}
