import type { OpenApi } from '@hangar/shared/openapi/openapi';
import { renderApiHtml } from '@hangar/shared/openapi/render-html';
import { html } from '@hangar/shared/program/html';
import { framed } from './page-frame.ts';

/** The description of the runner's HTTP endpoints as a page. Pure. */
export function apiPage(api: OpenApi): string {
  const { title, version, description } = api.info;
  const frame = {
    title: `${title} ${version}: API`,
    heading: `${title} ${version}: API`,
    summary: html`${description} OpenAPI 3.1 description: <a href="openapi.json">openapi.json</a>`,
    refreshSeconds: undefined,
    nav: '',
  };
  return framed(frame, renderApiHtml(api));
}
