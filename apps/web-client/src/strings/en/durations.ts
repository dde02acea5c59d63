/** For what was only estimated: "about 40 seconds". */
export function about(seconds: number): string {
  if (seconds < 5) return 'a few seconds';
  if (seconds < 55) return `about ${5 * Math.round(seconds / 5)} seconds`;
  if (seconds < 90) return 'about a minute';
  if (seconds < 55 * 60) return `about ${Math.round(seconds / 60)} minutes`;
  if (seconds < 80 * 60) return 'about an hour';
  const hours = seconds / 3600;
  return `about ${hours < 10 ? Number(hours.toFixed(1)) : Math.round(hours)} hours`;
}

/** For what was decided: "15 minutes". */
export function exactly(seconds: number): string {
  if (seconds < 120 || seconds % 60 !== 0) return seconds === 1 ? '1 second' : `${seconds} seconds`;
  const minutes = seconds / 60;
  if (minutes < 120 || minutes % 60 !== 0) return `${minutes} minutes`;
  return `${minutes / 60} hours`;
}
