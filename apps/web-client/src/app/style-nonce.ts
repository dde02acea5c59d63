import { setNonce } from 'get-nonce';

/** Of the `<style>` elements that Mantine writes; the content policy lets no other in. */
export function styleNonce(): string {
  return document.querySelector<HTMLMetaElement>('meta[name="style-nonce"]')?.nonce ?? '';
}

/** The scroll lock under Mantine's dialogs writes a `<style>` of its own, and asks there for the nonce. */
export function shareStyleNonce(): void {
  setNonce(styleNonce());
}
