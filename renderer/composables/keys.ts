// Which key press means which shortcut. Pure, so that the rules can be tested.

interface Press {
  key: string;
  ctrlKey: boolean;
  metaKey: boolean;
  altKey: boolean;
}

/** "Ctrl+Enter" also stands for the command key. Shift is not looked at: it is part of what `?` or `+` are. */
export function matches(event: Press, keys: string): boolean {
  const parts = keys.length > 1 ? keys.split('+') : [keys];
  const key = parts.at(-1) ?? '';
  const control = event.ctrlKey || event.metaKey;
  return !event.altKey && control === parts.includes('Ctrl') && event.key.toLowerCase() === key.toLowerCase();
}

/** Keys that write something belong to the field that has the keyboard. */
export function writes(event: Press, target: { tag: string; type: string; editable: boolean }): boolean {
  if (event.ctrlKey || event.metaKey || event.key.length > 1) return false;
  const typed = target.tag === 'INPUT' && !['range', 'checkbox', 'radio', 'button'].includes(target.type);
  return typed || target.tag === 'TEXTAREA' || target.editable;
}
