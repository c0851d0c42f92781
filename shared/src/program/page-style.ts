/**
 * The stylesheet that the pages of all programs have in common: colours of both themes, text, tables that become cards on a phone,
 * logs, and the states of builds. Every pair of text and background has a contrast of 4.5 or more (WCAG 2.2, AA).
 */
export const PAGE_STYLE = `
:root{color-scheme:light dark;--ink:#1a2330;--dim:#55606f;--paper:#f4f6f9;--card:#fff;--line:#dbe1e8;--soft:#eef2f7;--link:#1d5fd1;--good:#14713a;--warn:#9a4b00;--bad:#b3201b;--bad-paper:#fdecea;--warn-paper:#fff4e2;--good-paper:#e5f5ea}
@media (prefers-color-scheme:dark){:root{--ink:#e8edf3;--dim:#a3afbd;--paper:#10151b;--card:#19202a;--line:#303a47;--soft:#232c38;--link:#6fb0ff;--good:#6ad894;--warn:#ffc073;--bad:#ff9189;--bad-paper:#3a1a1a;--warn-paper:#33271a;--good-paper:#17301f}}
*{box-sizing:border-box}
[hidden]{display:none!important}
body{font:1rem/1.5 system-ui,"DejaVu Sans",sans-serif;margin:0 auto;max-width:76rem;padding:1rem;color:var(--ink);background:var(--paper)}
h1{font-size:1.35rem;margin:0;overflow-wrap:anywhere}
h2{font-size:1.1rem;margin:0 0 .4rem;overflow-wrap:anywhere}
p{margin:.3rem 0;overflow-wrap:anywhere}
a{color:var(--link)}
nav a{margin-right:1rem}
:focus-visible{outline:3px solid var(--link);outline-offset:2px;border-radius:.2rem}
.dim,td .dim{color:var(--dim)}
section{background:var(--card);border:1px solid var(--line);border-radius:8px;padding:1rem;margin:1rem 0;min-width:0}
.warn-box{border-left:4px solid var(--bad);background:var(--bad-paper);padding:.5rem .8rem;margin:.8rem 0}
button,select,input[type=number]{font:inherit;color:inherit;background:var(--paper);border:1px solid var(--dim);border-radius:.35rem;padding:.15rem .5rem;max-width:100%}
button{cursor:pointer}
summary{cursor:pointer;padding:.15rem 0}
table{border-collapse:collapse;width:100%}
th,td{text-align:left;padding:.4rem .8rem .4rem 0;border-bottom:1px solid var(--line);vertical-align:top;overflow-wrap:anywhere}
th{white-space:nowrap}
tbody th{white-space:normal}
tr:last-child>*{border-bottom:0}
tr[aria-current] td{background:var(--soft)}
.state{font-weight:600;white-space:nowrap}
.success{color:var(--good)}.failure,.error,.killed{color:var(--bad)}.waiting,.pending,.reporting,.blocked{color:var(--warn)}.running,.starting,.preparing{color:var(--link)}.skipped{color:var(--dim)}
.number{white-space:nowrap;font-variant-numeric:tabular-nums}
pre{background:var(--soft);border-radius:6px;padding:.8rem;margin:.4rem 0 0;overflow:auto;max-height:36rem;font:.85rem/1.45 ui-monospace,"DejaVu Sans Mono",monospace;white-space:pre-wrap;overflow-wrap:anywhere}
@media (min-width:40rem){td[data-label=Pipeline]{min-width:13rem}}
@media (max-width:40rem){table:not(.narrow) thead{position:absolute;clip-path:inset(50%)}table:not(.narrow),table:not(.narrow) :is(tbody,tr,th,td){display:block}table:not(.narrow) tr{border-bottom:1px solid var(--line);padding:.5rem 0}table:not(.narrow) tr:last-child{border-bottom:0}table:not(.narrow) :is(th,td){border:0;padding:.1rem 0;text-align:left}td:empty{display:none}table:not(.narrow) td[data-label]:not(:empty)::before{content:attr(data-label) " ";color:var(--dim);font-weight:400}}
`;
