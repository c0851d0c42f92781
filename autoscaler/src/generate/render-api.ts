import { renderApiMarkdown } from '@hangar/shared/openapi/render-markdown';
import { openApi } from '../http/openapi.ts';

/** `docs/autoscaler-api.md`, generated from the description that is served at `/openapi.json`. Pure. */
export const renderApi = (): string => `# API of the autoscaler

Generated from \`autoscaler/src/http/openapi.ts\`; do not edit. Back to the [index](README.md).

At \`HANGAR_AUTOSCALER_LISTEN\` (\`:3001\`). The API is read-only. Its description is \`GET /openapi.json\` (OpenAPI 3.1), and as a web page
\`/api\`. Errors are problem details (RFC 9457) with a remedy. How to use it: [api.md](api.md). Values are examples.

${renderApiMarkdown(openApi(''))}`;
