// Types of node.mjs, which stays plain JavaScript so that an old Node can load it.
export const oldestMajor: number;
export function isNewEnough(version: string): boolean;
export function findNode(machine?: {
  version?: string;
  execPath?: string;
  platform?: string;
  arch?: string;
  root?: string;
  override?: string | undefined;
}): string | null;
export function runEntry(entry: string, args: readonly string[]): Promise<void>;
