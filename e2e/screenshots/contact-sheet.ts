/** One state and its pictures, or why there are none. */
export interface Shot {
  readonly name: string;
  readonly files: readonly string[];
  readonly failure?: string;
}

/** A page with all pictures side by side, one state a row. */
export function contactSheet(shots: readonly Shot[]): string {
  return `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<title>Screenshots</title>
<style>
  body { margin: 24px; font: 14px system-ui, sans-serif; background: #888; color: #fff; }
  section { display: flex; gap: 12px; align-items: flex-start; overflow-x: auto; padding-bottom: 24px; }
  img { height: 560px; object-fit: contain; object-position: top; background: #777; }
  pre { white-space: pre-wrap; }
</style>
${shots.map(row).join('\n')}
</html>
`;
}

function row({ name, files, failure }: Shot): string {
  const pictures = files
    .map((file) => `<a href="${file}"><img src="${file}" alt="${file}" loading="lazy"></a>`)
    .join('');
  const why = failure === undefined ? '' : `<pre>${escaped(failure)}</pre>`;
  return `<h2>${escaped(name)}</h2><section>${pictures}${why}</section>`;
}

function escaped(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;');
}
