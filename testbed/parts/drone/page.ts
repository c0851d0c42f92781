import { html, trustedHtml } from '@hangar/shared/program/html';
import { PAGE_STYLE } from '@hangar/shared/program/page-style';
import { PAGE_SCRIPT } from './page-script.ts';
import type { RpcReply } from './rpc.ts';

const STYLE = `${PAGE_STYLE}
h3{font-size:1rem;margin:.8rem 0 .2rem;overflow-wrap:anywhere}
#builds>details{background:var(--card);border:1px solid var(--line);border-radius:8px;margin:.6rem 0;padding:.5rem .9rem}
details>summary{overflow-wrap:anywhere}
.scroll{overflow-x:auto;margin:.5rem 0}
.graph text{fill:var(--ink);font-size:13px}
.arrow{fill:none;stroke:var(--dim);stroke-width:1.5}
.box{fill:var(--soft);stroke:var(--dim);stroke-width:1.5}
.box.success{fill:var(--good-paper);stroke:var(--good)}
.box:is(.failure,.error,.killed){fill:var(--bad-paper);stroke:var(--bad)}
.box.running{stroke:var(--link);stroke-width:2.5}
tr.log td{padding-top:0}
@media (min-width:40.01rem){#builds table{table-layout:fixed}#builds tr>*{width:7rem}#builds tr>th{width:14rem;font-weight:400}#builds tr>td:nth-child(5){width:auto}}
#builds button{padding:0 .5rem}
`;

const HTML = html`<!DOCTYPE html>
<html lang="en"><head><meta charset="utf-8"><title>Drone (practice)</title>
<meta name="viewport" content="width=device-width, initial-scale=1"><meta name="color-scheme" content="light dark">
<link rel="icon" href="data:,"><style>${trustedHtml(STYLE)}</style></head>
<body><header><h1>Drone practice server: builds</h1></header><main><p id="news" role="status"></p><div id="builds"></div></main>
<script>${trustedHtml(PAGE_SCRIPT)}</script></body></html>
`;

/** The page of builds; like the real UI it answers 200 on every path that nothing else has (drone-rpc §1.1). */
export const UI_PAGE: RpcReply = {
  status: 200,
  body: Buffer.from(HTML.toString()),
  headers: {
    'content-type': 'text/html; charset=utf-8',
    'content-security-policy':
      "default-src 'none'; connect-src 'self'; img-src data:; style-src 'unsafe-inline'; script-src 'unsafe-inline'",
  },
};
