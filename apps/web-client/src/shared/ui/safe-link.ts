/**
 * What a stranger gave as an address, where a page may make a link of it: `https:` and `mailto:`, nothing that runs.
 * @returns null for all else: it is shown as text
 */
export function safeLink(address: string): { readonly href: string; readonly text: string } | null {
  const url = URL.canParse(address) ? new URL(address) : null;
  if (url?.protocol === 'https:')
    return { href: url.href, text: url.href.replace(/^https:\/\//, '').replace(/\/$/, '') };
  if (url?.protocol !== 'mailto:') return null;
  // Nothing but the address: no subject, no copies to others.
  return { href: `mailto:${url.pathname}`, text: decoded(url.pathname) };
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
