/** Its hash is in the page's content security policy: no other style may apply. */
export const STYLESHEET = `
:root {
  color-scheme: light dark;
  --page: #ffffff; --ink: #1b1f24; --muted: #5b6470; --grid: #e7eaee; --line: #c9d0d8;
  --accent: #1f5fbf; --second: #b4570a; --soft: #f5f7f9;
}
@media (prefers-color-scheme: dark) {
  :root {
    --page: #14171b; --ink: #e6e9ed; --muted: #a0aab5; --grid: #2a3038; --line: #3d4651;
    --accent: #7db2ff; --second: #f0a35c; --soft: #1c2127;
  }
}
* { box-sizing: border-box; }
body { margin: 0; background: var(--page); color: var(--ink); font: 16px/1.5 system-ui, sans-serif; }
main { max-width: 78rem; margin: 0 auto; padding: 2rem 1.25rem 4rem; }
h1 { font-size: 1.75rem; line-height: 1.2; margin: 0 0 .5rem; overflow-wrap: anywhere; }
h2 { font-size: 1.2rem; margin: 2.5rem 0 .75rem; }
h3 { font-size: .9rem; margin: 0 0 .15rem; overflow-wrap: anywhere; }
p { margin: .5rem 0; }
figure { margin: 0; }
figcaption, .notes { color: var(--muted); font-size: .875rem; max-width: 50rem; }
figcaption { margin-top: .5rem; }
.notes { padding-left: 1.1rem; }
.notes li { margin: .3rem 0; }
.panels { display: grid; grid-template-columns: repeat(auto-fill, minmax(min(100%, 20rem), 1fr)); gap: 1.25rem 1.5rem; }
.panel { min-width: 0; }
.panel svg { display: block; max-width: 100%; height: auto; }
.accent, .second { font-weight: 600; }
.accent { color: var(--accent); }
.second { color: var(--second); }
.scroll { overflow-x: auto; margin: .5rem 0; }
.scroll:focus-visible, pre:focus-visible, summary:focus-visible { outline: 2px solid var(--accent); outline-offset: 2px; }
table { border-collapse: collapse; font-size: .83rem; font-variant-numeric: tabular-nums; border-block: 1.5px solid var(--ink); }
th, td { padding: .35rem .42rem; text-align: right; vertical-align: top; white-space: nowrap; }
th { font-weight: 600; }
th:first-child { text-align: left; padding-left: .2rem; }
thead th { border-bottom: 1px solid var(--line); vertical-align: bottom; }
tbody tr + tr > * { border-top: 1px solid var(--grid); }
small { color: var(--muted); font-size: .76rem; }
details { margin: .6rem 0; font-size: .875rem; }
summary { cursor: pointer; color: var(--muted); width: fit-content; }
dl { display: grid; grid-template-columns: max-content 1fr; gap: .2rem 1rem; margin: .5rem 0 1rem; font-size: .875rem; }
dt { color: var(--muted); }
dd { margin: 0; overflow-wrap: anywhere; }
pre { background: var(--soft); padding: .9rem; overflow-x: auto; font-size: .8rem; line-height: 1.45; border-radius: 4px; }
@media print { .scroll, pre { overflow: visible; white-space: pre-wrap; } details { display: none; } }
`;
