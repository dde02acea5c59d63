/**
 * The one way from text to markup or to a script's address on this page; the content policy of the build asks for it.
 * Importing it is enough, and comes before everything that may write to the document.
 *
 * React and Mantine put style sheets into `<style>` elements as text: no `<` is in one. Scripts are this site's own.
 */
interface PolicyFactory {
  createPolicy(
    name: string,
    rules: { createHTML(text: string): string | null; createScriptURL(address: string): string | null },
  ): unknown;
}

const { trustedTypes } = globalThis as { trustedTypes?: PolicyFactory };

trustedTypes?.createPolicy('default', {
  createHTML: (text) => (text.includes('<') ? null : text),
  createScriptURL: (address) => (new URL(address, document.baseURI).origin === location.origin ? address : null),
});
