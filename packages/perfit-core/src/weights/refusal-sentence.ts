/** What a coordinator says when it refuses: it answers with a code and a sentence. Null where there is none. */
export function refusalSentence(body: string): string | null {
  try {
    const said: unknown = JSON.parse(body);
    const message = typeof said === 'object' && said !== null && 'message' in said ? said.message : null;
    return typeof message === 'string' ? message : null;
  } catch {
    return null;
  }
}
