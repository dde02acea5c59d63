/** About how long: coarse, so that a count-down does not flicker. "4 s", "35 s", "3 min", "1 h 20 min". */
export function formatDuration(seconds: number): string {
  const left = Math.max(0, seconds);
  if (left < 10) return `${Math.ceil(left)} s`;
  if (left < 60) return `${5 * Math.ceil(left / 5)} s`;
  const minutes = Math.ceil(left / 60);
  if (minutes < 60) return `${minutes} min`;
  const tens = 10 * Math.ceil(minutes / 10);
  return tens % 60 === 0 ? `${tens / 60} h` : `${Math.floor(tens / 60)} h ${tens % 60} min`;
}
