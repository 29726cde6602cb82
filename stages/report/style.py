"""The page's style sheet."""

CSS = """
:root {
  color-scheme: light dark;
  --paper: #fff; --ink: #1d2125; --soft: #626a72; --line: #e2e4e6; --wash: #f3f4f5;
  --people: #1f5f99; --auto: #86b4dc; --none: #cdd2d7; --lost: #c4673d;
  --good: #23703f; --bad: #b0451f; --right: 31 95 153; --wrong: 176 69 31;
}
@media screen and (prefers-color-scheme: dark) {
  :root {
    --paper: #15181b; --ink: #e4e7ea; --soft: #98a1a9; --line: #2c3135; --wash: #1d2124;
    --people: #6fb1ea; --auto: #376890; --none: #4a5259; --lost: #cf7a50;
    --good: #6fc08c; --bad: #ec9066; --right: 84 152 212; --wrong: 226 120 74;
  }
}
* { box-sizing: border-box; print-color-adjust: exact; -webkit-print-color-adjust: exact; }
body {
  max-width: 46rem; margin: 0 auto; padding: 3.5rem 1.25rem 4rem; background: var(--paper); color: var(--ink);
  font: 1rem/1.55 system-ui, -apple-system, "Segoe UI", Roboto, "Helvetica Neue", Arial, sans-serif;
  font-variant-numeric: tabular-nums; overflow-wrap: anywhere; -webkit-text-size-adjust: 100%;
}
h1, h2, h3 { line-height: 1.2; letter-spacing: -0.01em; text-wrap: balance; }
h1 { margin: 0.2rem 0 1rem; font-size: 2rem; }
h2 { margin: 2.8rem 0 0.6rem; padding-top: 1.1rem; border-top: 1px solid var(--line); font-size: 1.2rem; }
h3 { margin: 1.6rem 0 0.3rem; font-size: 1rem; }
p { margin: 0.5rem 0; }
code { font: 0.92em ui-monospace, SFMono-Regular, Menlo, Consolas, monospace; }
.promise { font-size: 1.2rem; line-height: 1.45; text-wrap: pretty; }
.soft, .small, thead th { color: var(--soft); font-size: 0.9rem; }
td .small { margin-left: 0.3rem; }
th .small { display: block; }
table { width: 100%; border-collapse: collapse; font-size: 0.94rem; }
th, td {
  padding: 0.4rem 1rem 0.4rem 0; border-bottom: 1px solid var(--line); text-align: left; vertical-align: baseline;
}
th:last-child, td:last-child { padding-right: 0; }
th { font-weight: inherit; }
div { margin: 0.8rem 0; overflow-x: auto; overflow-wrap: break-word; }
.n { text-align: right; white-space: nowrap; }
.n .soft { white-space: normal; }
th[scope] .small { overflow-wrap: anywhere; }
thead .n { white-space: normal; }
.bar { width: 42%; }
.pass, .fail, .unknown { font-weight: 600; white-space: nowrap; }
.pass { color: var(--good); }
.fail { color: var(--bad); }
.key::before { content: "■ "; }
.key.people::before { color: var(--people); }
.key.auto::before { color: var(--auto); }
.key.lost::before { color: var(--lost); }
svg { display: block; width: 100%; }
svg.level { height: 0.6rem; background: var(--wash); }
rect.people, circle { fill: var(--people); }
rect.auto { fill: var(--auto); }
rect.none { fill: var(--none); }
rect.lost { fill: var(--lost); }
svg.plot { max-width: 26rem; margin: 0.8rem 0; font-size: 11px; }
text { fill: var(--soft); }
.grid { stroke: var(--line); }
.ideal { stroke: var(--soft); stroke-dasharray: 3 4; }
.curve { fill: none; stroke: var(--people); stroke-width: 1.5; }
svg.wide { max-width: none; }
.series { stroke-width: 1.5; }
.series polyline { fill: none; }
.series circle { fill: inherit; }
.series.people { stroke: var(--people); fill: var(--people); }
.series.auto { stroke: var(--auto); fill: var(--auto); }
.series.lost { stroke: var(--lost); fill: var(--lost); }
.cases { display: grid; grid-template-columns: repeat(auto-fill, minmax(14rem, 1fr)); gap: 1rem; }
figure { margin: 0; padding: 0.7rem 0.9rem; border: 1px solid var(--line); break-inside: avoid; }
figure p { white-space: pre-wrap; margin: 0.3rem 0; }
figcaption, figcaption span { display: block; font-size: 0.86rem; }
figcaption code { color: var(--soft); }
svg.picture { max-height: 14rem; }
polygon { fill: none; stroke-width: 2; vector-effect: non-scaling-stroke; }
polygon.people { stroke: #1f6fd0; }
polygon.proposed { stroke: #e0671f; stroke-dasharray: 4 3; }
.key.proposed::before { color: #e0671f; }
.matrix { width: auto; }
.matrix * + th, .matrix td { padding: 0.4rem 0.8rem; text-align: right; }
.matrix td { border: 1px solid var(--paper); }
.right { background: rgb(var(--right) / calc(0.42 * var(--share))); }
.wrong { background: rgb(var(--wrong) / calc(0.7 * var(--share))); }
@media (max-width: 36rem) {
  body { padding-top: 1.75rem; }
  h1 { font-size: 1.6rem; }
  .promise { font-size: 1.1rem; }
  th, td { padding-right: 0.6rem; }
  td .small, th .small { display: block; margin: 0; font-size: 0.8rem; }
  .bar { width: 28%; }
  .unknown { white-space: normal; }
}
@media print {
  :root { font-size: 10pt; }
  body { max-width: none; padding: 0; }
  h2, h3 { break-after: avoid; }
  tr, svg, .matrix { break-inside: avoid; }
}
"""
