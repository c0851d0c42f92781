import { renderApiMarkdown } from '@hangar/shared/openapi/render-markdown';
import { openApi } from '../http/openapi.ts';

/** `docs/runner-api.md`, generated from the description that is served at `/openapi.json`. Pure. */
export const renderApi = (): string => `# API of the runner

Generated from \`runner/src/http/openapi.ts\`; do not edit. Back to the [index](README.md).

At \`DRONE_SERVER_PORT\` (\`:3000\`). The API is read-only. Its description is \`GET /openapi.json\` (OpenAPI 3.1), and as a web page
\`/api\`. Which paths require credentials: [api.md](api.md). Values are examples.

${renderApiMarkdown(openApi(''))}`;
