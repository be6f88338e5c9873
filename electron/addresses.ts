// The addresses of the studio's own scheme. `studio://app/…` are the window's files, `studio://images/<id>` stored pictures,
// `studio://evaluations/<id>/<cell>/<index>` those that an evaluation drew.
// Imports nothing, so that every other module of the shell can ask "is this ours?" the same way.

export const scheme = 'studio';
export const windowHost = 'app';
export const imageHost = 'images';
export const evaluationHost = 'evaluations';
export const windowOrigin = `${scheme}://${windowHost}`;
export const windowUrl = `${windowOrigin}/index.html`;

/**
 * May a frame with this address speak to the host? Only the window's own document may: not a picture, not another
 * host of the scheme, not an address that merely starts alike (`studio://app.evil`).
 */
export function isWindowAddress(address: string | undefined | null): boolean {
  if (address === undefined || address === null) return false;
  let url: URL;
  try {
    url = new URL(address);
  } catch {
    return false;
  }
  return url.protocol === `${scheme}:` && url.host === windowHost && url.username === '' && url.password === '' && url.pathname === '/index.html';
}
