// The list of bundled libraries as the bundler writes it. Pure.

export interface Licence {
  name: string;
  version: string;
  /** SPDX, as far as the package says it. */
  identifier: string;
  /** The whole licence; empty where the package has no file of it. */
  text: string;
}

/**
 * Each library once, by name.
 * @throws Error when the text is no such list
 */
export function readLicences(json: string): Licence[] {
  const entries: unknown = JSON.parse(json);
  if (!Array.isArray(entries)) throw new Error('The list of licences is no list.');
  const word = (value: unknown): string => (typeof value === 'string' ? value : '');
  const licences = entries.map((entry: Partial<Record<keyof Licence, unknown>>) => ({
    name: word(entry.name), version: word(entry.version), identifier: word(entry.identifier), text: word(entry.text),
  }));
  return licences.filter(({ name }) => name !== '').sort((a, b) => (a.name < b.name ? -1 : a.name > b.name ? 1 : 0));
}
