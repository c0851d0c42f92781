import type { FastifyInstance } from 'fastify';

/** One file of the page. */
export interface PageFile {
  readonly contentType: string;
  readonly body: string;
}

/** The web page: its files by name, `page.html` among them; empty: there is no page. */
export type Page = ReadonlyMap<string, PageFile>;

/** Security headers of a document: it may load scripts and styles from this server, and send requests to it; nothing else. */
export const DOCUMENT_HEADERS = {
  'content-security-policy':
    "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
};

/** Serves the page at `/` and its files under `/page/`. */
export function addPage(app: FastifyInstance, page: Page): void {
  const document = page.get('page.html');
  if (document)
    app.get('/', (_request, reply) =>
      reply.headers(DOCUMENT_HEADERS).type(document.contentType).send(document.body),
    );
  for (const [name, { contentType, body }] of page)
    if (name !== 'page.html')
      app.get(`/page/${name}`, (_request, reply) => reply.type(contentType).send(body));
}
