import type { OpenApi } from '@hangar/shared/openapi/openapi';
import { renderApiHtml } from '@hangar/shared/openapi/render-html';
import { html } from '@hangar/shared/program/html';
import { API_PREFIX } from './openapi.ts';

/** Renders the description as an HTML page: from the same data, without scripts and external resources. Pure. */
export function apiPage(description: OpenApi): string {
  const { info } = description;
  const title = `${info.title} ${info.version}: API`;
  return html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${title}</title>
<link rel="icon" href="data:,">
<link rel="stylesheet" href="page/shared.css">
<link rel="stylesheet" href="page/page.css">
</head>
<body>
<main>
<header><h1>${title}</h1><p><a href=".">Back to the page</a></p></header>
<p>${info.description} OpenAPI 3.1 description: <a href="openapi.json">openapi.json</a>. Errors are problem details (RFC 9457) with a remedy.
For instance <code>curl -s $ADDRESS${API_PREFIX}/recommendations</code>.</p>
${renderApiHtml(description)}
</main>
</body>
</html>
`.toString();
}
