// English, the source of every text in the window, put together from its views. Other locales have its type, so a missing text does not compile.
import { compare } from './en/compare.ts';
import { evaluation } from './en/evaluation.ts';
import { frame } from './en/frame.ts';
import { jobs } from './en/jobs.ts';
import { models } from './en/models.ts';
import { settings } from './en/settings.ts';

export const en = { ...frame, ...compare, jobs, models, evaluation, settings };

type Texts<T> = { [K in keyof T]: T[K] extends string ? string : Texts<T[K]> };
export type Messages = Texts<typeof en>;
