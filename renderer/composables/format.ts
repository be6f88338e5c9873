// Which unit and how many decimals a quantity is told with. Pure; the words come from the locale.

export type DurationParts =
  | { unit: 'ms'; value: number }
  | { unit: 's'; value: number; digits: 1 | 2 }
  | { unit: 'min'; minutes: number; seconds: number }
  | { unit: 'h'; hours: number; minutes: number };

/** Three significant digits are honest for a time measured once. */
export function durationParts(ms: number): DurationParts {
  if (ms < 999.5) return { unit: 'ms', value: Math.round(ms) };
  if (ms < 9995) return { unit: 's', value: ms / 1000, digits: 2 };
  if (ms < 59_950) return { unit: 's', value: ms / 1000, digits: 1 };
  const seconds = Math.round(ms / 1000);
  if (seconds >= 3600) {
    const minutes = Math.round(seconds / 60);
    return { unit: 'h', hours: Math.floor(minutes / 60), minutes: minutes % 60 };
  }
  return { unit: 'min', minutes: Math.floor(seconds / 60), seconds: seconds % 60 };
}

export interface SizeParts {
  unit: 'bytes' | 'kib' | 'mib' | 'gib';
  value: number;
  digits: 0 | 1;
}

/** Binary units, as memory and files are counted. */
export function sizeParts(bytes: number): SizeParts {
  if (bytes < 1024) return { unit: 'bytes', value: bytes, digits: 0 };
  const units = ['kib', 'mib', 'gib'] as const;
  const power = Math.min(Math.floor(Math.log2(bytes) / 10), units.length);
  return { unit: units[power - 1] ?? 'gib', value: bytes / 1024 ** power, digits: 1 };
}
