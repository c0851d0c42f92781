const COMPONENT = '[a-z0-9]+(?:(?:\\.|_|__|-+)[a-z0-9]+)*';
const PATH = new RegExp(`^${COMPONENT}(?:/${COMPONENT})*$`);
const DOMAIN = /^[A-Za-z0-9](?:[A-Za-z0-9.-]*[A-Za-z0-9])?(?::\d+)?$/;
const TAG = /^\w[\w.-]{0,127}$/;
const DIGEST = /^[A-Za-z][A-Za-z0-9]*(?:[-_+.][A-Za-z][A-Za-z0-9]*)*:[0-9a-fA-F]{32,}$/;

/** Why an image's name can't be parsed, as the kubelet's message; undefined when it can. */
export function imageNameError(image: string): string | undefined {
  const why = referenceError(image);
  if (why === undefined) return undefined;
  return `Failed to apply default image tag "${image}": couldn't parse image name "${image}": invalid reference format${why}`;
}

/** What follows `invalid reference format`; a first part in capitals counts as a host, as in Docker. */
function referenceError(image: string): string | undefined {
  const [named = '', digest] = image.split('@', 2);
  const [, name = '', tag] = /^(.*?)(?::([^:/]*))?$/.exec(named) ?? [];
  const { domain, path } = partsOf(name);
  if (path !== path.toLowerCase()) return `: repository name (${path}) must be lowercase`;
  const fits = [
    PATH.test(path),
    domain === undefined || DOMAIN.test(domain),
    tag === undefined || TAG.test(tag),
    digest === undefined || DIGEST.test(digest),
  ];
  return fits.every(Boolean) ? undefined : '';
}

function partsOf(name: string): { domain: string | undefined; path: string } {
  const slash = name.indexOf('/');
  const first = slash < 0 ? '' : name.slice(0, slash);
  const isDomain =
    first !== '' && (/[.:]/.test(first) || first === 'localhost' || first !== first.toLowerCase());
  return isDomain ? { domain: first, path: name.slice(slash + 1) } : { domain: undefined, path: name };
}
