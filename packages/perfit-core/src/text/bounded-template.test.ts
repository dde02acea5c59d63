import { Template } from '@huggingface/jinja';
import { describe, expect, it } from 'vitest';
import { BoundedTemplate, TemplateBoundError } from './bounded-template.ts';

const MESSAGES = [
  { role: 'user', content: 'Hi' },
  { role: 'assistant', content: 'Hello' },
];
const MANY = 'range(100000)';

const render = (source: string, messages: readonly { role: string; content: string }[] = MESSAGES) =>
  new BoundedTemplate(source).render(messages, {});

describe('a template that would go on for hours is refused', () => {
  it.each([
    ['nested loops', `{% for a in ${MANY} %}{% for b in ${MANY} %}x{% endfor %}{% endfor %}`],
    ['loops over nothing', `{% for a in ${MANY} %}{% for b in ${MANY} %}{% endfor %}{% endfor %}`],
    [
      'loops over a list that is made once',
      `{% set r = ${MANY} %}{% for a in r %}{% for b in r %}{% endfor %}{% endfor %}`,
    ],
    ['filters', `{% set r = ${MANY} %}{% for a in r %}{{ r | selectattr('x') | length }}{% endfor %}`],
    ['a long range', '{{ range(1000000000) | length }}'],
    ['a range without an end', '{{ range(0, 1, 1e-300) | length }}'],
    [
      'a text that doubles',
      `{% set n = namespace(t='x') %}{% for a in range(60) %}{% set n.t = n.t ~ n.t %}{% endfor %}`,
    ],
    [
      'a list that doubles',
      `{% set n = namespace(t=[1]) %}{% for a in range(60) %}{% set n.t = n.t + n.t %}{% endfor %}`,
    ],
    [
      'lists of lists',
      `{% set n = namespace(t=[1]) %}{% for a in range(60) %}{% set n.t = [n.t, n.t] %}{% endfor %}{{ n.t | tojson }}`,
    ],
    [
      'namespaces that come to hold one another',
      `{% set names = namespace(all=[]) %}{% for a in range(40) %}{% set names.all = names.all + [namespace(b=[])] %}{% endfor %}` +
        '{% for n in names.all %}{% if not loop.first %}{% set n.b = [loop.previtem, loop.previtem] %}{% endif %}{% endfor %}{{ names.all[39] | tojson }}',
    ],
    [
      'a list that unfolds to long texts',
      "{% set s='a' %}" +
        '{% set s=s+s %}'.repeat(18) +
        '{% set l=[s] %}' +
        '{% set l=l+l %}'.repeat(14) +
        '{{ l | tojson }}',
    ],
    [
      'filters over long texts',
      "{% set s='a' %}" +
        '{% set s=s+s %}'.repeat(18) +
        "{% set l=[{'c': s}] %}" +
        '{% set l=l+l %}'.repeat(14) +
        "{{ l | selectattr('c', 'upper') | list | length }}",
    ],
    [
      'filters by long names',
      "{% set s='0.' %}" +
        '{% set s=s+s %}'.repeat(15) +
        '{% set l=[[1]] %}' +
        '{% set l=l+l %}'.repeat(14) +
        '{{ l | sort(attribute=s) | length }}',
    ],
    [
      'macros declared again and again',
      `{% for i in range(20000) %}{% macro f() %}${'{{x}}'.repeat(20_000)}{% endmacro %}{% endfor %}`,
    ],
    [
      'unknown names in deep scopes',
      `{% for j in range(20) %}${'{% for i in [1] %}'.repeat(300)}${'{{x}}'.repeat(6000)}${'{% endfor %}'.repeat(300)}{% endfor %}`,
    ],
    ['blanks without an end', `{{ 1 }}${' '.repeat(150_000)}x`],
    ['macros that call one another', '{% macro f(n) %}{{ f(n) }}{{ f(n) }}{% endmacro %}{{ f(1) }}'],
    [
      'replacements of each by many',
      `{% set n = namespace(t='xx') %}{% for a in range(60) %}{% set n.t = n.t.replace('x', 'xxxx') %}{% endfor %}`,
    ],
  ])('%s', (_, source) => {
    const start = performance.now();
    expect(() => render(source)).toThrow();
    // Hours, or all of the memory, are what this is about.
    expect(performance.now() - start).toBeLessThan(20_000);
  });

  it('in a sentence of ours', () => {
    const endless = `{% for a in ${MANY} %}{% for b in ${MANY} %}x{% endfor %}{% endfor %}`;
    expect(() => render(endless)).toThrow(TemplateBoundError);
    expect(() => render(endless)).toThrow('it takes more steps than any layout needs, as if it had no end.');
    expect(() => new BoundedTemplate('x'.repeat(2_000_000))).toThrow('it has 2000000 characters, where');
  });
});

describe('what templates do is as the library does it', () => {
  it.each([
    "{{ range(3) | join(',') }} {{ range(2, 9, 3) | join(',') }} {{ range(5, 0, -2) | join(',') }} {{ range(3, 1) | length }}",
    "{% set ns = namespace(found=false) %}{% for m in messages %}{% if m.role == 'assistant' %}{% set ns.found = True %}{% endif %}{% endfor %}{{ ns.found }}",
    '{% for m in messages %}\n  {{- m | tojson }}\n{% endfor %}{{ None is none }}',
  ])('%s', (source) => {
    expect(render(source)).toBe(new Template(source).render({ messages: MESSAGES }));
  });

  it('with a long conversation, walked once for each of its messages', () => {
    const messages = Array.from({ length: 400 }, (_, k) => ({
      role: k % 2 ? 'assistant' : 'user',
      content: `${k} `.repeat(500),
    }));
    const source =
      "{% for m in messages %}{% set ns = namespace(last=0) %}{% for n in messages %}{% if n.role == 'user' %}{% set ns.last = loop.index %}{% endif %}{% endfor %}{{ m.content ~ ns.last }}{% endfor %}";
    expect(render(source, messages)).toHaveLength(messages.reduce((sum, { content }) => sum + content.length + 3, 0));
  });

  it('and what it refuses, it refuses in its own words', () => {
    expect(() => render("{{ raise_exception('Roles must alternate') }}")).toThrow('Roles must alternate');
  });
});
