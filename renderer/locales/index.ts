// The window's texts and the language they are shown in.
import { createI18n } from 'vue-i18n';
import type { Settings } from '../../main/contract/schemas.ts';
import { de } from './de.ts';
import { en, type Messages } from './en.ts';

export type Locale = Settings['locale'];

export const locales: Record<Locale, { name: string; messages: Messages }> = {
  en: { name: 'English', messages: en },
  de: { name: 'Deutsch', messages: de },
};

export function createTexts(locale: Locale) {
  return createI18n<[Messages], Locale, false>({
    legacy: false,
    locale,
    fallbackLocale: 'en',
    messages: { en, de },
  });
}
