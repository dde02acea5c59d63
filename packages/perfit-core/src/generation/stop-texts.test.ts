import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { StopTexts } from './stop-texts.ts';

/** All that is shown of pieces, and whether a stop text ended them. */
function shown(texts: readonly string[], pieces: readonly string[]): { text: string; ended: boolean } {
  const stops = new StopTexts(texts);
  let text = '';
  for (const piece of pieces) {
    const next = stops.push(piece);
    text += next.text;
    if (next.ended) return { text, ended: true };
  }
  return { text: text + stops.flush(), ended: false };
}

describe('stop texts', () => {
  it('end what is said before them, however it is cut into pieces', () => {
    expect(shown(['\nUser:'], ['Yes', '.\n', 'Us', 'er', ': and', ' more'])).toEqual({ text: 'Yes.', ended: true });
    expect(shown(['\nUser:'], ['Yes.\nUsually', ' not.'])).toEqual({ text: 'Yes.\nUsually not.', ended: false });
    expect(shown(['aab'], ['a', 'a', 'a', 'b', 'c'])).toEqual({ text: 'a', ended: true });
    expect(shown(['END', 'STOP'], ['STOP and END'])).toEqual({ text: '', ended: true });
  });

  it('shows at once what cannot become one, and keeps back what can', () => {
    const stops = new StopTexts(['###']);
    expect(stops.push('a #')).toEqual({ text: 'a ', ended: false });
    expect(stops.push('b')).toEqual({ text: '#b', ended: false });
    expect(stops.push('##')).toEqual({ text: '', ended: false });
    expect(stops.flush()).toBe('##');
  });

  it('leave empty texts out', () => {
    expect(shown([''], ['a', 'b'])).toEqual({ text: 'ab', ended: false });
  });

  it('show what stands before the first that occurs, for any texts and pieces', () => {
    const few = fc.string({ unit: fc.constantFrom('a', 'b', '\n'), maxLength: 4 });
    fc.assert(
      fc.property(fc.array(few, { maxLength: 3 }), fc.array(few, { maxLength: 12 }), (texts, pieces) => {
        const whole = pieces.join('');
        const found = texts.filter((text) => text !== '' && whole.includes(text));
        const result = shown(texts, pieces);
        expect(result.ended).toBe(found.length > 0);
        if (found.length === 0) expect(result.text).toBe(whole);
        else {
          expect(whole.startsWith(result.text)).toBe(true);
          expect(found.some((text) => whole.startsWith(result.text + text))).toBe(true);
          for (const text of found) expect(result.text.includes(text)).toBe(false);
        }
      }),
    );
  });
});
